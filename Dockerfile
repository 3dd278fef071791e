# The command and the web application. Its server is PostgreSQL's own image (docker-compose.yml).
FROM python:3.13-slim AS build
WORKDIR /source
COPY requirements-dev.lock requirements.lock ./
RUN python -m venv /build && /build/bin/pip install --no-cache-dir --require-hashes -r requirements-dev.lock \
 && python -m venv /rowtrail && /rowtrail/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /build/bin/python -m build --no-isolation --wheel \
 && /rowtrail/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.13-slim
COPY --from=build /rowtrail /rowtrail
RUN useradd --system --no-create-home --shell /bin/false rowtrail \
 && install --directory --owner=rowtrail /digests
USER rowtrail
ENV PATH=/rowtrail/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 8000
CMD ["waitress-serve", "--host=0.0.0.0", "--port=8000", "--call", "rowtrail:create_app"]
