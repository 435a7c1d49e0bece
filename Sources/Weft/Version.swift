/// Weft's version, as runs record it.
public let version = "0.1.0"
