"""GET / and /assets/…: the web console's static files. This function knows no table and no key."""

from pathlib import Path
from typing import Any

from ownkey.api.proxy import HttpRequest, ProxyResponse
from ownkey.api.static_site import StaticSite, file_response
from ownkey.config import Settings

site = StaticSite.load(Path(__file__).parent / "site", sign_up=Settings.from_environment().sign_up)


def lambda_handler(event: dict[str, Any], context: Any) -> ProxyResponse:
    """Answer with the page, or with one of its files."""
    request = HttpRequest.from_event(event)
    if request.resource == "/":
        return file_response(site.page(event["requestContext"]), request, context)
    parameters = request.path_parameters
    return file_response(site.asset(parameters.get("version", ""), parameters.get("file", "")), request, context)
