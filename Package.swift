// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "weft",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Weft", targets: ["Weft", "WeftData", "WeftFiles"]),
        .library(name: "WeftStudies", targets: ["WeftStudies"]),
        // Graphs and compiled programs without layers, for the benchmarks.
        .library(name: "WeftEngine", targets: ["WeftEngine", "WeftGraph", "WeftKernels"]),
        .executable(name: "weft", targets: ["WeftCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
        .package(url: "https://github.com/jpsim/Yams", "5.0.1"..<"7.0.0"),
    ],
    targets: [
        // Libraries of the system.
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"]), .brew(["onednn"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(name: "CPNG", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .systemLibrary(name: "CGIF", providers: [.apt(["libgif-dev"]), .brew(["giflib"])]),
        .systemLibrary(name: "CArchive", providers: [.apt(["libarchive-dev"]), .brew(["libarchive"])]),
        .systemLibrary(name: "CHDF5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
        .systemLibrary(name: "CLAPACK", providers: [.apt(["liblapacke-dev"]), .brew(["openblas"])]),
        // For SHA-256; the Mac has its own.
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),

        .systemLibrary(name: "CSpawn"),

        // What Weft wants of the operating system.
        .target(
            name: "WeftSystem",
            dependencies: ["CSpawn", .target(name: "COpenSSL", condition: .when(platforms: [.linux]))]),

        // The engine: from a graph of tensors to a compiled program.
        .target(name: "WeftKernels", cSettings: [.define("NDEBUG", .when(configuration: .release))]),
        .target(name: "WeftGraph"),
        .target(name: "WeftEngine", dependencies: ["WeftGraph", "WeftKernels", "COneDNN"]),

        // What a user imports.
        .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
        .target(
            name: "WeftData",
            dependencies: ["WeftGraph", "WeftSystem", "CArchive", "CGIF", "CJPEG", "CPNG", "CZlib"]),
        .target(
            name: "Weft",
            dependencies: [
                "WeftGraph", "WeftEngine", "WeftKernels", "WeftData", "WeftSystem", "CLAPACK", "Yams",
            ],
            // Homebrew has LAPACK as part of OpenBLAS; on Linux it is opened where it is used.
            linkerSettings: [.linkedLibrary("openblas", .when(platforms: [.macOS]))]),
        .target(
            name: "WeftFiles",
            dependencies: ["Weft", "WeftData", "WeftGraph", "WeftSystem", "CHDF5", "CZlib"],
            // Debian names the library for one process; others call it by its name.
            linkerSettings: [
                .linkedLibrary("hdf5_serial", .when(platforms: [.linux])),
                .linkedLibrary("hdf5", .when(platforms: [.macOS])),
            ]),
        .target(
            name: "WeftStudies",
            dependencies: [
                "Weft", "WeftData", "WeftEngine", "WeftFiles", "WeftGraph", "WeftSystem",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .target(name: "WeftReports", dependencies: ["WeftData", "WeftSystem"]),
        .executableTarget(
            name: "WeftCommand",
            dependencies: [
                "Weft", "WeftData", "WeftEngine", "WeftFiles", "WeftGraph", "WeftReports", "WeftStudies", "WeftSystem",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        .target(name: "TestSupport", dependencies: ["WeftGraph", "WeftSystem"], path: "Tests/TestSupport"),
        .testTarget(name: "WeftSystemTests", dependencies: ["WeftSystem", "TestSupport"]),
        .testTarget(name: "WeftGraphTests", dependencies: ["WeftGraph", "TestSupport"]),
        .testTarget(name: "WeftEngineTests", dependencies: ["WeftEngine", "WeftGraph", "WeftKernels", "TestSupport"]),
        .testTarget(
            name: "WeftDataTests", dependencies: ["WeftData", "WeftSystem", "CZlib", "TestSupport"],
            exclude: ["Goldens"]),
        .testTarget(name: "WeftTests", dependencies: ["Weft", "WeftData", "TestSupport"], exclude: ["Goldens"]),
        .testTarget(
            name: "WeftFilesTests",
            dependencies: ["CZlib", "Weft", "WeftFiles", "WeftGraph", "WeftSystem", "TestSupport"],
            exclude: ["Goldens", "Peer/keras_peer.py"]),
        .testTarget(
            name: "WeftStudiesTests",
            dependencies: [
                "Weft", "WeftStudies", "WeftSystem", "TestSupport", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            exclude: ["Goldens"]),
        .testTarget(name: "WeftReportsTests", dependencies: ["WeftReports", "TestSupport"]),
        .testTarget(name: "WeftCommandTests", dependencies: ["WeftCommand", "WeftData", "WeftSystem", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
