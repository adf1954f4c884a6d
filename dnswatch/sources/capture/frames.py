"""Frames: those of a chunk, one after the other, without an object for each."""


class FrameWalk:
    """A way through the frames of a chunk: when the one at hand was captured, and where it stands.

    A format has its own; it goes on from `place`, and tells what it finds there.
    """

    def __init__(self, data: bytes) -> None:
        """Begin before the first one."""
        self.data = data
        self.place = 0
        "Where in the data the next frame's record begins."
        self.at = 0.0
        "Unix seconds; 0 where it does not say."
        self.link = -1
        "Link type; below 0 where it does not say."
        self.begin = self.end = 0
        "Where in the data the frame stands."

    def next(self) -> bool:
        """Go to the next frame; False behind the last one."""
        raise NotImplementedError

    def following(self) -> float | None:
        """Tell when the frame behind this one was captured; None where it does not say."""
        place, at, link, begin, end = self.place, self.at, self.link, self.begin, self.end
        found = self.at if self.next() else 0.0
        self.place, self.at, self.link, self.begin, self.end = place, at, link, begin, end
        return found or None
