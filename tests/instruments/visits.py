"""Visits to the pages by a real browser, and what goes wrong on them."""

from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Dialog, Page, Request, Response


@dataclass
class Site:
    """The pages, as a server of this test answers.

    Attributes:
        url: where they begin.
        endpoints: the names of their places, as Flask knows them.
    """

    url: str
    endpoints: set[str]


@dataclass
class Visit:
    """A page of the browser.

    Attributes:
        page: of Playwright.
        site: the only one that may be asked.
        problems: errors of the console and of scripts, dialogs, requests that failed or go
            elsewhere.
    """

    page: Page
    site: Site
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self.on_console)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", self.on_dialog)
        self.page.on("request", self.on_request)
        self.page.on("requestfailed", self.on_failure)
        self.page.on("response", self.on_response)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type != "log":
            self.problems.append(message.text)

    def on_dialog(self, dialog: Dialog) -> None:
        self.problems.append(dialog.message)
        dialog.dismiss()

    def on_request(self, request: Request) -> None:
        if not request.url.startswith(self.site.url):
            self.problems.append(request.url)

    def on_failure(self, request: Request) -> None:
        # The page was left before it came, or it was a file to keep.
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"{request.failure}: {request.url}")

    def on_response(self, answer: Response) -> None:
        if answer.status >= 400:
            self.problems.append(f"{answer.status}: {answer.url}")
