"""`--set path.to.key=value`: written into the file's values before they are checked."""

from __future__ import annotations

from pathlib import Path

from tunebench.catalog.spec import Scalar
from tunebench.errors import SpaceError
from tunebench.space.document import Document, KeyPath, Node, Source, dotted, is_mapping
from tunebench.space.text import parse


def apply_override(document: Document, text: str, folder: Path) -> None:
    """Write one override into the document.

    Raises:
        SpaceError: it is not written `path.to.key=value`, its value is no YAML, or its path leads
            through something that is no mapping. Unknown keys are found later, with all the others.
    """
    source = Source(f"--set {text}", folder, has_lines=False)
    left, equals, right = text.partition("=")
    names = [name.strip() for name in left.split(".")]
    if not equals or not all(names):
        example = "--set training.batch_size=16"
        raise SpaceError(f"{source.name}: must be path.to.key=value; received {text!r}; write {example}")
    node = parse(right, source)
    path: KeyPath = ()
    for name in names[:-1]:
        path = (*path, _key(document, path, name))
        inner = document.get(path)
        if inner is None:
            document.put(path, Node(node.mark, {}), node.mark)
        elif not is_mapping(inner):
            raise SpaceError(
                f"{source.name}: {dotted(path)}: is no mapping in the file, so no key can be set in it; "
                f"received {left}; write --set {dotted(path)}=..., the whole value, instead"
            )
    document.put((*path, _key(document, path, names[-1])), node, node.mark)


def _key(document: Document, path: KeyPath, name: str) -> Scalar:
    """The key there that is written `name`: an option may be a number."""
    return next((key for key in document.get(path) if str(key) == name), name)
