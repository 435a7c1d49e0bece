import Foundation

/// Gives libFuzzer's inputs to one of Weft's readers, which `WEFT_FUZZ_TARGET` names.
///
/// An error that is thrown is what a reader is to answer with; a trap or a finding of the address sanitizer ends the
/// process, and libFuzzer keeps the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try reader.read(Data(buffer: UnsafeBufferPointer(start: bytes, count: count)))
    } catch {
        // A text may be wrong, too.
        _ = "\(error)"
    }
    return 0
}

private let reader: Reader = {
    let name = ProcessInfo.processInfo.environment["WEFT_FUZZ_TARGET"] ?? ""
    guard let reader = Reader(rawValue: name) else {
        let names = Reader.allCases.map(\.rawValue).joined(separator: " ")
        FileHandle.standardError.write(Data("fuzz: WEFT_FUZZ_TARGET is '\(name)'; expected one of \(names)\n".utf8))
        exit(64)
    }
    return reader
}()

private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Where the package manager lets a program begin.
@_cdecl("Fuzz_main")
public func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    var (count, arguments) = (count, arguments)
    return runDriver(&count, &arguments) { testOneInput($0, $1) }
}
