"""The providers there are, as far as routing needs to know."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ownkey.domain.errors import ProviderUnsupportedError, UnknownProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """The provider slugs, by what they can do here."""

    chat: Collection[str]
    """Providers that can run a chat completion."""
    others: Collection[str]
    """Known providers that cannot: search engines."""
    makers: Mapping[str, str] = field(default_factory=dict)
    """Providers that run the models of one maker only -> the maker, as in canonical ids."""

    def require_chat(self, slug: str, *, param: str) -> None:
        """Raise unless `slug` can run a chat completion; `param` is where the caller wrote it."""
        if slug in self.chat:
            return
        if slug in self.others:
            raise ProviderUnsupportedError(
                f"{slug} cannot run chat completions. Choose one of: {listed(self.chat)}.", param=param
            )
        raise UnknownProviderError(
            f"There is no provider {slug[:64]!r}. Choose one of: {listed(self.chat)}.", param=param
        )

    def require_maker(self, slug: str, canonical_id: str | None, *, param: str) -> None:
        """Raise when `slug` is known not to run models of this maker. Of an unknown model nothing is known."""
        maker = self.makers.get(slug)
        if maker and canonical_id and canonical_id.partition("/")[0] != maker:
            raise ProviderUnsupportedError(
                f"{slug} runs models of {maker} only, and {canonical_id} is none. Choose another model or provider.",
                param=param,
            )


def listed(slugs: Iterable[str]) -> str:
    """Return slugs as people read them, each once."""
    return ", ".join(dict.fromkeys(slugs))
