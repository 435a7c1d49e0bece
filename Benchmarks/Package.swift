// swift-tools-version: 6.2
// A package of its own: only scripts/bench --parts builds it.
import PackageDescription

let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "weft", path: ".."),
        .package(url: "https://github.com/google/swift-benchmark", exact: "0.1.2"),
    ],
    targets: [
        .executableTarget(
            name: "Parts",
            dependencies: [
                .product(name: "Benchmark", package: "swift-benchmark"),
                .product(name: "Weft", package: "weft"), .product(name: "WeftEngine", package: "weft"),
                .product(name: "WeftStudies", package: "weft"),
            ],
            path: "Parts", resources: [.copy("Pictures")], swiftSettings: [.treatAllWarnings(as: .error)])
    ],
    swiftLanguageModes: [.v6]
)
