import Foundation

// Numbers as a reader of a report wants them: always with a point, whatever the user's locale.

/// 12345 as "12,345".
func grouped(_ number: Int) -> String {
    var digits = Array(String(number.magnitude))
    for place in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: place) }
    return (number < 0 ? "\u{2212}" : "") + String(digits)
}

/// A number with a fixed number of digits after the point; "NaN" and "∞" in words of their own.
func fixed(_ number: Double, _ digits: Int) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "\u{2212}∞" : "∞" }
    return String(format: "%.\(digits)f", number)
}

/// A number with four significant digits, as in tables of losses: "0.3421", "12.35", "1.2e-05".
func significant(_ number: Double, _ digits: Int = 4) -> String {
    number.isFinite ? String(format: "%#.\(digits)g", number).trimmingSuffix(".") : fixed(number, 0)
}

/// A share as "89.12 %" (with a narrow no-break space).
func percent(_ share: Double, _ digits: Int = 2) -> String { fixed(100 * share, digits) + "\u{202F}%" }

/// Seconds as "0.84 s", "12.3 s", "4 min 07 s" or "2 h 05 min".
func duration(_ seconds: Double) -> String {
    guard seconds.isFinite else { return fixed(seconds, 0) }
    if seconds < 9.995 { return fixed(seconds, 2) + " s" }
    if seconds < 99.95 { return fixed(seconds, 1) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return String(format: "%d min %02d s", whole / 60, whole % 60) }
    return String(format: "%d h %02d min", whole / 3600, whole / 60 % 60)
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
