import CLAPACK
import Foundation

/// The routines of LAPACK that the scores need.
///
/// On Linux the library is opened when one of them is first called: with it comes a BLAS, which in some machines' form
/// (OpenBLAS) takes 20 ms and 4 MB to start, and of all commands only `weft score` needs it.
enum LAPACK {
    typealias Integer = weft_lapack_int

    typealias LQFactor =
        @convention(c) (
            CInt, Integer, Integer, UnsafeMutablePointer<Double>?, Integer, UnsafeMutablePointer<Double>?
        ) -> Integer

    typealias SingularValues =
        @convention(c) (
            CInt, CChar, Integer, Integer, UnsafeMutablePointer<Double>?, Integer, UnsafeMutablePointer<Double>?,
            UnsafeMutablePointer<Double>?, Integer, UnsafeMutablePointer<Double>?, Integer
        ) -> Integer

    #if os(Linux)
        static func dgelqf() throws -> LQFactor {
            unsafeBitCast(try routine("LAPACKE_dgelqf"), to: LQFactor.self)
        }

        static func dgesdd() throws -> SingularValues {
            unsafeBitCast(try routine("LAPACKE_dgesdd"), to: SingularValues.self)
        }

        private static let libraryName = "liblapacke.so.3"

        /// - Throws: `ScoreError` where the library is missing.
        private static func routine(_ name: String) throws -> UnsafeMutableRawPointer {
            // Opened again it is the same library; it stays open.
            guard let library = dlopen(libraryName, RTLD_NOW), let address = dlsym(library, name) else {
                let reason = dlerror().map { String(cString: $0) } ?? "the system gives no reason"
                throw ScoreError("LAPACK, which the scores need, cannot be used: \(reason)\napt install liblapacke")
            }
            return address
        }
    #else
        static func dgelqf() -> LQFactor { LAPACKE_dgelqf }
        static func dgesdd() -> SingularValues { LAPACKE_dgesdd }
    #endif
}
