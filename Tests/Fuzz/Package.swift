// swift-tools-version: 6.2
// A package of its own: only scripts/fuzz builds it, with libFuzzer and the address sanitizer.
import PackageDescription

let package = Package(
    name: "fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "weft", path: "../..")],
    targets: [
        .executableTarget(
            name: "Fuzz",
            dependencies: [.product(name: "Weft", package: "weft"), .product(name: "WeftStudies", package: "weft")],
            path: "Sources",
            // libFuzzer brings a main, and the package manager wants one: which of the two it is does not matter.
            linkerSettings: [
                .unsafeFlags([
                    "-sanitize=fuzzer,address", "-use-ld=lld", "-Xlinker", "--allow-multiple-definition",
                ])
            ])
    ],
    swiftLanguageModes: [.v6]
)
