/// The line that shows how a training goes:
/// `1875/1875 ━━━━━━━━━━━━━━━━━━━━ 3s 1ms/step - accuracy: 0.8267 - loss: 0.4947 - val_…`.
///
/// On a terminal the line is redrawn a few times a second and kept at the end of each epoch; elsewhere only the finished
/// lines are written, without control characters.
///
/// Source: `keras.utils.Progbar`.
public final class ProgressLine: Callback {
    private let isTerminal: Bool
    private let width: () -> Int?
    private let write: (String) -> Void
    /// The clock; tests bring their own.
    private let now: () -> ContinuousClock.Instant
    private var plan: TrainingPlan?
    /// Steps of the epoch that were made before this process began.
    private var stepsBefore = 0
    private var start: ContinuousClock.Instant
    private var lastDrawn: ContinuousClock.Instant
    private static let barWidth = 20
    private static let interval = Duration.milliseconds(200)

    /// - Parameters:
    ///   - isTerminal: whether the line may be redrawn.
    ///   - width: the terminal's columns at the moment; `nil` where they are not known.
    ///   - write: where the text goes.
    public convenience init(
        isTerminal: Bool, width: @escaping () -> Int? = { nil }, write: @escaping (String) -> Void
    ) {
        self.init(isTerminal: isTerminal, width: width, now: { .now }, write: write)
    }

    init(
        isTerminal: Bool, width: @escaping () -> Int? = { nil }, now: @escaping () -> ContinuousClock.Instant,
        write: @escaping (String) -> Void
    ) {
        self.isTerminal = isTerminal
        self.width = width
        self.now = now
        self.write = write
        start = now()
        lastDrawn = start
    }

    public func receive(_ event: TrainingEvent, from trainer: Trainer) throws -> TrainingDecision {
        switch event {
        case .began(let plan): self.plan = plan
        case .resumed(let plan, _, let place):
            self.plan = plan
            guard place.epoch <= plan.epochs else { break }
            write("going on from epoch \(place.epoch), step \(place.step)\n")
            if place.step > 0 { begin(place.epoch, after: place.step) }
        case .epochBegan(let epoch): begin(epoch, after: 0)
        case .stepEnded(_, let step, _):
            guard isTerminal, let plan, step < plan.stepsPerEpoch else { break }
            // The clock is cheap, but not cheaper than a small step: look at it now and then.
            guard step % 16 == 0 || plan.stepsPerEpoch < 200 else { break }
            let instant = now()
            guard instant - lastDrawn > Self.interval else { break }
            lastDrawn = instant
            write("\r\u{1B}[K" + fittingLine(step, values(trainer), instant - start))
        case .epochEnded(let epoch):
            let text = line(plan?.stepsPerEpoch ?? 0, Self.sorted(epoch.values), now() - start)
            write((isTerminal ? "\r\u{1B}[K" : "") + text + "\n")
        case .ended(let history):
            if let reason = history.stopReason { write((isTerminal ? "\r\u{1B}[K" : "") + reason + "\n") }
        }
        return .proceed
    }

    private func begin(_ epoch: Int, after steps: Int) {
        start = now()
        lastDrawn = start
        stepsBefore = steps
        if let plan, plan.epochs > 1 { write("Epoch \(epoch)/\(plan.epochs)\n") }
    }

    private func values(_ trainer: Trainer) -> [(name: String, value: Double)] {
        Self.sorted(zip(trainer.valueNames, trainer.runningMeans).map { (name: $0, value: $1) })
    }

    /// Keras shows the values by name, the validation's behind.
    private static func sorted(_ values: [(name: String, value: Double)]) -> [(name: String, value: Double)] {
        let isValidation = { (name: String) in name.hasPrefix("val_") }
        return values.filter { !isValidation($0.name) }.sorted { $0.name < $1.name }
            + values.filter { isValidation($0.name) }.sorted { $0.name < $1.name }
    }

    /// A line that wraps cannot be redrawn: values for which the terminal has no room are left off.
    private func fittingLine(
        _ step: Int, _ values: [(name: String, value: Double)], _ elapsed: Duration
    ) -> String {
        let columns = width() ?? .max
        for count in stride(from: values.count, to: 0, by: -1) {
            let text = line(step, Array(values.prefix(count)), elapsed)
            if text.count - (Self.dim + Self.bright).count < columns { return text }
        }
        return line(step, [], elapsed)
    }

    private static let (dim, bright) = ("\u{1B}[2m", "\u{1B}[0m")

    private func line(_ step: Int, _ values: [(name: String, value: Double)], _ elapsed: Duration) -> String {
        let steps = plan?.stepsPerEpoch ?? step
        let count = "\(step)"
        let padding = String(repeating: " ", count: max(0, "\(steps)".count - count.count))
        let filled = steps == 0 ? 0 : Self.barWidth * step / steps
        let bar =
            String(repeating: "━", count: filled)
            + (isTerminal
                ? Self.dim + String(repeating: "━", count: Self.barWidth - filled) + Self.bright
                : String(repeating: " ", count: Self.barWidth - filled))
        let perStep = elapsed.inSeconds / Double(max(step - stepsBefore, 1))
        let remaining = perStep * Double(steps - step)
        let time = step < steps ? Self.seconds(remaining) : Self.seconds(elapsed.inSeconds)
        return "\(padding)\(count)/\(steps) \(bar) \(time) \(Self.perStep(perStep))"
            + values.map { " - \($0.name): \(Self.number($0.value))" }.joined()
    }

    static func seconds(_ seconds: Double) -> String {
        let whole = Int(seconds)
        if whole >= 3600 { return "\(whole / 3600):" + twoDigits(whole % 3600 / 60) + ":" + twoDigits(whole % 60) }
        return whole >= 60 ? "\(whole / 60):" + twoDigits(whole % 60) : "\(whole)s"
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    static func perStep(_ seconds: Double) -> String {
        if seconds >= 1 { return "\(Int(seconds.rounded()))s/step" }
        if seconds >= 1e-3 { return "\(Int((seconds * 1e3).rounded()))ms/step" }
        return "\(Int((seconds * 1e6).rounded()))us/step"
    }

    /// Four decimals, or scientific for what would show as zero.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return plain(value) }
        let size = abs(value)
        if size > 0, size < 1e-3 || size >= 1e6 { return scientific(value) }
        return fixed(value, 4)
    }

    static func fixed(_ value: Double, _ digits: Int) -> String {
        var factor = 1.0
        for _ in 0..<digits { factor *= 10 }
        let scaled = Int((abs(value) * factor).rounded())
        let fraction = String(scaled % Int(factor))
        return (value < 0 && scaled > 0 ? "-" : "") + "\(scaled / Int(factor))."
            + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    private static func scientific(_ value: Double) -> String {
        var (mantissa, exponent) = (value, 0)
        while abs(mantissa) >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        while abs(mantissa) < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
        // 9.99996 would be shown as 10.0000.
        if abs(mantissa) >= 9.99995 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
        return fixed(mantissa, 4) + "e" + (exponent < 0 ? "-" : "+") + twoDigits(abs(exponent))
    }
}
