/// Where buffers lie in the program's arena: as close together as their lifetimes allow.
struct Placement {
    /// Offsets in bytes; `nil` for a buffer that is not in the arena.
    private(set) var offsets: [Int?]
    private(set) var byteCount = 0
    /// The largest sum of buffers that are needed at the same time: no placement can be smaller.
    private(set) var lowerBound = 0

    /// A stretch of the arena for as long as it belongs to one buffer, or to several that take one another's place.
    struct Region {
        let offset: Int
        let byteCount: Int
        /// From the first step that uses it to the last.
        let steps: ClosedRange<Int>
        let buffers: [Int]
    }

    /// By offset, then by step.
    private(set) var regions: [Region] = []

    private struct Interval {
        var first: Int
        var last: Int
        var byteCount: Int
        var members: [Int]
    }

    init(_ buffers: [Buffer], _ steps: [Step]) {
        offsets = buffers.map { _ in nil }
        let intervals = Placement.intervals(buffers, steps)
        for time in steps.indices {
            let live = intervals.filter { $0.first <= time && time <= $0.last }.reduce(0) { $0 + $1.byteCount }
            lowerBound = max(lowerBound, live)
        }
        // No order is best for every program: the smallest arena of a few, as long as none is perfect.
        let orders: [(Interval) -> (Int, Int)] = [
            { (-$0.byteCount, $0.first) }, { (-$0.byteCount, -$0.last) },
            { (-$0.byteCount * ($0.last - $0.first + 1), $0.first) }, { ($0.first - $0.last, -$0.byteCount) },
            { ($0.first, -$0.byteCount) }, { (-$0.last, -$0.byteCount) },
        ]
        var best: (placed: [Placed], byteCount: Int)?
        for order in orders where best == nil || best!.byteCount > lowerBound {
            let placed = Placement.place(intervals.sorted { order($0) < order($1) })
            let byteCount = placed.map { $0.offset + $0.interval.byteCount }.max() ?? 0
            if best == nil || byteCount < best!.byteCount { best = (placed, byteCount) }
        }
        byteCount = best?.byteCount ?? 0
        for (offset, interval) in best?.placed ?? [] {
            for member in interval.members { offsets[member] = offset }
            regions.append(
                Region(
                    offset: offset, byteCount: interval.byteCount, steps: interval.first...interval.last,
                    buffers: interval.members))
        }
        regions.sort { ($0.offset, $0.steps.lowerBound) < ($1.offset, $1.steps.lowerBound) }
    }

    /// The buffers whose values are in the arena still when the steps before one have run, also of those that no step
    /// needs any more; but of memory that further ones work on in place nothing is said.
    func kept(before step: Int) -> Set<Int> {
        let before = regions.filter { $0.steps.lowerBound < step }
        func overlap(_ a: Region, _ b: Region) -> Bool {
            a.offset < b.offset + b.byteCount && b.offset < a.offset + a.byteCount
        }
        return Set(
            before.filter { region in
                (region.buffers.count == 1 || region.steps.upperBound < step)
                    && !before.contains { $0.steps.lowerBound > region.steps.upperBound && overlap($0, region) }
            }.map { $0.buffers.last! })
    }

    private typealias Placed = (offset: Int, interval: Interval)

    /// One after the other, each at the lowest place that is free for all of its life.
    private static func place(_ intervals: [Interval]) -> [Placed] {
        var placed: [Placed] = []
        for interval in intervals {
            let neighbours = placed.filter { $0.interval.first <= interval.last && interval.first <= $0.interval.last }
                .sorted { $0.offset < $1.offset }
            var offset = 0
            for neighbour in neighbours {
                if neighbour.offset - offset >= interval.byteCount { break }
                offset = max(offset, neighbour.offset + neighbour.interval.byteCount)
            }
            placed.append((offset, interval))
        }
        return placed
    }

    /// The lives of the arena's buffers. A step that may work in place lends the memory of a value that ends with it.
    private static func intervals(_ buffers: [Buffer], _ steps: [Step]) -> [Interval] {
        var lives: [Interval?] = buffers.map { _ in nil }
        for (time, step) in steps.enumerated() {
            for buffer in step.reads + step.writes {
                guard case .arena = buffers[buffer].storage else { continue }
                let size = AlignedMemory.rounded(buffers[buffer].byteCount)
                lives[buffer] =
                    lives[buffer].map { Interval(first: $0.first, last: time, byteCount: size, members: [buffer]) }
                    ?? Interval(first: time, last: time, byteCount: size, members: [buffer])
            }
        }
        var owner = Array(buffers.indices)
        for (time, step) in steps.enumerated() where step.isInPlace {
            guard let read = step.reads.first, let write = step.writes.first else { continue }
            let from = owner[read]
            guard let old = lives[from], let new = lives[write], from != write, old.last == time, new.first == time,
                old.byteCount == new.byteCount, !step.reads.dropFirst().contains(where: { owner[$0] == from })
            else { continue }
            lives[from] = Interval(
                first: old.first, last: new.last, byteCount: old.byteCount, members: old.members + new.members)
            lives[write] = nil
            owner[write] = from
        }
        return lives.compactMap { $0 }
    }
}
