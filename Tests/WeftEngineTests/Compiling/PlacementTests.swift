import Testing
import WeftGraph

@testable import WeftEngine

extension Engine {
    @Suite struct PlacementTests {
        /// A step without anything to run.
        private func step(_ reads: [Int], _ writes: [Int], isInPlace: Bool = false) -> Step {
            Step(name: "", label: "", body: .kernel { _ in {} }, reads: reads, writes: writes, isInPlace: isInPlace)
        }

        /// From the first step that names a buffer to the last.
        private func life(_ buffer: Int, _ steps: [Step]) -> ClosedRange<Int>? {
            let times = steps.indices.filter { (steps[$0].reads + steps[$0].writes).contains(buffer) }
            return times.first.map { $0...times.last! }
        }

        /// Buffers whose lives meet do not share memory, but for a step in place at the moment it runs.
        private func expectApart(
            _ buffers: [Buffer], _ steps: [Step], _ placement: Placement,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            let lives = buffers.indices.map { life($0, steps) }
            func memory(_ buffer: Int) -> Range<Int>? {
                placement.offsets[buffer].map { $0..<$0 + buffers[buffer].byteCount }
            }
            for a in buffers.indices {
                guard let lifeA = lives[a], let memoryA = memory(a) else { continue }
                #expect(memoryA.upperBound <= placement.byteCount, sourceLocation: sourceLocation)
                #expect(memoryA.lowerBound % 64 == 0, sourceLocation: sourceLocation)
                for b in buffers.indices where b > a {
                    guard let lifeB = lives[b], let memoryB = memory(b) else { continue }
                    guard lifeA.overlaps(lifeB), memoryA.overlaps(memoryB) else { continue }
                    let (first, second) = lifeA.lowerBound < lifeB.lowerBound ? (a, b) : (b, a)
                    let time = max(lifeA.lowerBound, lifeB.lowerBound)
                    let isLent =
                        min(lifeA.upperBound, lifeB.upperBound) == time && steps[time].isInPlace
                        && steps[time].reads.first == first && steps[time].writes.first == second
                        && !steps[time].reads.dropFirst().contains(first)
                        && memoryA.lowerBound == memoryB.lowerBound
                    #expect(isLent, "buffers \(a) and \(b)", sourceLocation: sourceLocation)
                }
            }
        }

        /// What the memory holds when the steps have run, written down block by block.
        private func expectKept(_ buffers: [Buffer], _ steps: [Step], _ placement: Placement) {
            for end in [1, steps.count / 2, steps.count] {
                var owners: [Int: Int] = [:]
                func blocks(_ buffer: Int) -> Range<Int>? {
                    placement.offsets[buffer].map {
                        $0 / 64..<($0 + AlignedMemory.rounded(buffers[buffer].byteCount)) / 64
                    }
                }
                for step in steps[..<end] {
                    for write in step.writes { for block in blocks(write) ?? 0..<0 { owners[block] = write } }
                }
                let kept = placement.kept(before: end)
                let written = Set(steps[..<end].flatMap(\.writes))
                let whole = written.filter { buffer in blocks(buffer)?.allSatisfy { owners[$0] == buffer } ?? false }
                #expect(kept.isSubset(of: whole), "after \(end) steps")
                if end == steps.count { #expect(kept == whole) }
            }
        }

        @Test(arguments: 0..<40) func randomPrograms(_ seed: Int) {
            let philox = Philox(seed: UInt64(seed), stream: 9)
            var drawn = 0
            func draw(below bound: Int) -> Int {
                drawn += 1
                return philox.integer(drawn, below: bound)
            }
            var buffers: [Buffer] = []
            func add() -> Int {
                let storage: Buffer.Storage = draw(below: 8) == 0 ? .persistent : .arena
                let sizes = [4, 64, 100, 256, 256, 1_000, 4_096, 10_000]
                buffers.append(Buffer(name: "", byteCount: sizes[draw(below: 8)], storage: storage))
                return buffers.count - 1
            }
            var steps = [step([], [add()])]
            for _ in 0..<30 {
                // Recent ones more often.
                let reads = (0...draw(below: 3)).map { _ in max(0, buffers.count - 1 - draw(below: 1 + draw(below: 12)))
                }
                let writes = (0...draw(below: 2)).map { _ in add() }
                steps.append(step(reads, writes, isInPlace: draw(below: 2) == 0))
            }
            let placement = Placement(buffers, steps)
            expectApart(buffers, steps, placement)
            expectKept(buffers, steps, placement)
            #expect(placement.byteCount >= placement.lowerBound)
            #expect(Double(placement.byteCount) <= 1.3 * Double(placement.lowerBound))
            for (index, buffer) in buffers.enumerated() {
                if case .persistent = buffer.storage { #expect(placement.offsets[index] == nil) }
            }
        }

        @Test func inPlace() {
            let buffers = (0..<4).map { _ in Buffer(name: "", byteCount: 256, storage: .arena) }
            func size(_ steps: [Step]) -> Int { Placement(buffers, steps).byteCount }
            let first = step([], [0])
            #expect(size([first, step([0], [1], isInPlace: true), step([1], [2], isInPlace: true)]) == 256)
            #expect(size([first, step([0], [1])]) == 512)
            // Read again later; read twice; not of one size.
            #expect(size([first, step([0], [1], isInPlace: true), step([0, 1], [])]) == 512)
            #expect(size([first, step([0, 0], [1], isInPlace: true)]) == 512)
            var unequal = buffers
            unequal[1].byteCount = 128
            #expect(Placement(unequal, [first, step([0], [1], isInPlace: true)]).byteCount == 384)
            // Not of the first read.
            #expect(size([step([], [0, 1]), step([1, 0], [2], isInPlace: true)]) == 512)
        }

        /// What a training step takes in memory, against what it has to keep at one time.
        @Test(arguments: Network.allCases) func arena(_ network: Network) throws {
            let test = TestGraph()
            let (loss, outputs) = try network.build(test)
            let size = try test.training(loss, outputs: outputs).program.arenaSize
            #expect(size.byteCount >= size.lowerBound)
            #expect(Double(size.byteCount) <= 1.15 * Double(size.lowerBound), "\(size)")
        }
    }
}
