"""The web application that reads history: pages, the same as JSON, who may read, what is logged."""
