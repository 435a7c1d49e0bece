import WeftData
import WeftGraph

/// What the encodings of times share, in a graph's operations. Tensors are (batch, 1), but for those of twelve hours.
enum ClockTensors {
    /// The angle of a point of the circle, 0 to 1 turn; the error is below 1e-5 turns.
    static func turns(sine: Tensor, cosine: Tensor) throws -> Tensor {
        let graph = sine.graph
        let (across, along) = (sine.applying(.absolute), cosine.applying(.absolute))
        let larger = try graph.binary(.maximum, across, along)
        // At the circle's centre any angle is as good.
        let ratio = try graph.binary(.minimum, across, along) / larger.applying(.clip(lower: 1e-20, upper: .infinity))
        let square = ratio.applying(.square)
        // Arc tangent on 0…1, a minimax polynomial.
        var sum = graph.fill(-0.01172120, shape: ratio.shape)
        for coefficient: Float in [0.05265332, -0.11643287, 0.19354346, -0.33262347, 0.99997726] {
            sum = try sum * square + coefficient
        }
        let acute = 1 / (2 * .pi) * (try ratio * sum)
        // Into the octant, the quadrant and the half in which the point lies.
        let eighth = try reflected(acute, about: 0.25, where: graph.binary(.greater, across, along))
        let quarter = try reflected(eighth, about: 0.5, where: (-cosine).applying(.step))
        return try reflected(quarter, about: 1, where: (-sine).applying(.step))
    }

    /// `about − x` where the condition is 1, x where it is 0.
    private static func reflected(_ x: Tensor, about: Float, where condition: Tensor) throws -> Tensor {
        try x + condition * x.applying(.affine(scale: -2, shift: about))
    }

    /// How far two times are apart on a dial, at most 360 minutes.
    static func distance(_ a: Tensor, _ b: Tensor) throws -> Tensor {
        let difference = try (a - b).applying(.absolute)
        return try a.graph.binary(.minimum, difference, 720 - difference)
    }

    /// The full hours in minutes: (1, 12).
    private static func fullHours(_ graph: Graph) throws -> Tensor {
        try graph.concatenate((0..<12).map { graph.fill(60 * Float($0), shape: [1, 1]) }, axis: 1)
    }

    /// The time with this minute that is nearest to a coarse one.
    static func time(minute: Tensor, near coarse: Tensor) throws -> Tensor {
        let candidates = try minute + fullHours(minute.graph)
        return try time(minute: minute, hourOf: -distance(candidates, coarse))
    }

    /// The time with this minute in the most probable hour, (batch, 12).
    ///
    /// The hour hand stands between two hours' marks, so next to a full hour a network cannot be certain of the hour, and
    /// the minute tells on which side it is. There each hour's neighbour speaks for it, too: with the minute 1, "almost
    /// three" is evidence for a few moments after three. How much the neighbour counts falls from 1 at the full hour to 0
    /// at half past.
    static func time(minute: Tensor, hours: Tensor) throws -> Tensor {
        let graph = hours.graph
        let batch = hours.shape[0]
        func part(_ start: Int, _ size: Int) throws -> Tensor {
            try graph.slice(hours, starts: [0, start], sizes: [batch, size])
        }
        let before = try graph.concatenate([part(11, 1), part(0, 11)], axis: 1)
        let after = try graph.concatenate([part(1, 11), part(0, 1)], axis: 1)
        // An hour's own probability counts a little more, so that where there is no doubt there is no tie.
        let own: Float = 0.999
        let sinceFull = minute.applying(.affine(scale: -1 / 30, shift: 1)).applying(.clip(lower: 0, upper: own))
        let untilFull = minute.applying(.affine(scale: 1 / 30, shift: -1)).applying(.clip(lower: 0, upper: own))
        let evidence = try hours + sinceFull * before + untilFull * after
        return try time(minute: minute, hourOf: evidence)
    }

    private static func time(minute: Tensor, hourOf scores: Tensor) throws -> Tensor {
        let batch: Shape = [scores.shape[0]]
        let hour = scores.graph.argMax(scores).applying(.toFloat)
        return try 60 * hour + scores.graph.reshape(minute, to: batch)
    }

    /// One column of a tensor (batch, columns).
    static func column(_ tensor: Tensor, _ column: Int) throws -> Tensor {
        try tensor.graph.slice(tensor, starts: [0, column], sizes: [tensor.shape[0], 1])
    }

    /// Sine and cosine of an angle, for targets.
    static func point(turns: Double) -> [Float] {
        let point = sineAndCosine(turns: turns)
        return [Float(point.sine), Float(point.cosine)]
    }
}
