"""Invitations by e-mail, through Amazon SES, where the operator has named a sender."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ownkey.observability import Logger


class SesClient(Protocol):
    """The part of boto3's SES client (v2) that is used here."""

    @property
    def send_email(self) -> Callable[..., Any]:
        """Send an e-mail."""
        ...


class SesMailer:
    """Sends invitations. One that does not go out is not lost: the inviter has the token, and passes it on."""

    def __init__(
        self, client: SesClient, sender: str, client_errors: tuple[type[Exception], ...], logger: Logger
    ) -> None:
        """Send as `sender`, an address that SES knows; with an empty one nothing is sent."""
        self._client = client
        self._sender = sender
        self._client_errors = client_errors
        self._logger = logger

    def invite(self, addresses: Sequence[str], team_name: str, token: str, console_url: str) -> bool:
        """Return whether the invitation went out to every address; False where there is no sender."""
        if not self._sender:
            return False
        text = (
            f"You are invited to join the team {team_name} on OwnKey.\n\n"
            f"Open this address:\n\n{console_url}#/invitation?token={token}\n\n"
            "If you do not know the team, ignore this message."
        )
        content = {"Simple": {"Subject": {"Data": f"Join {team_name} on OwnKey"}, "Body": {"Text": {"Data": text}}}}
        try:
            for address in addresses:
                self._client.send_email(
                    FromEmailAddress=self._sender, Destination={"ToAddresses": [address]}, Content=content
                )
        except self._client_errors as error:
            self._logger.error("an invitation was not sent", error=error)
            return False
        return True
