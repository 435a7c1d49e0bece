import TestSupport
import Testing
import WeftGraph

/// The interpreter's convolutions and batch normalisation against values of another implementation, JAX 0.10 in float64:
///
///     def a(shape, m, r): return (np.arange(np.prod(shape)) * m % r - r // 2).reshape(shape)
///     def f(x, k): return jax.lax.conv_general_dilated(x, k, strides, padding, rhs_dilation=dilation,
///         feature_group_count=groups, dimension_numbers=("NHWC", "HWIO", "NHWC"))
///     y, back = jax.vjp(f, a(x_shape, 7, 11), a(kernel_shape, 5, 7)); dx, dkernel = back(a(y.shape, 3, 5))
///
/// All numbers are integers, so the agreement is exact.
@Suite struct KnownConvolutionTests {
    struct Known: Sendable {
        let input: Shape, kernel: Shape, window: Window, groups: Int
        let y: [Double], dx: [Double], dkernel: [Double]
    }

    static func pattern(_ shape: Shape, _ factor: Int, _ modulus: Int) -> [Double] {
        (0..<shape.count).map { Double($0 * factor % modulus - modulus / 2) }
    }

    static let cases = [
        Known(
            input: [1, 4, 5, 2], kernel: [3, 2, 2, 2],
            window: Window(
                size: Size2D(3, 2), strides: Size2D(1, 1), dilation: Size2D(1, 1),
                padding: Insets(top: 0, bottom: 0, left: 0, right: 0)), groups: 1,
            y: [
                26, -44, 40, 5, 10, 32, -42, -18, 8, 36, -44, 19, -41, -20, 39, -15,
            ],
            dx: [
                8, -2, 2, -5, -5, -1, -7, 8, 2, 2, -10, 7, 9, 12, -1, -4, -1, -10, 0, 1, 2, -9, -7, -4, -6, 12, 5,
                3, 4, -2, 0, 6, -4, -1, -5, -5, -1, -4, 6, 0,
            ],
            dkernel: [
                5, 3, -16, 10, -4, -5, -14, 13, 15, -15, 5, 3, -16, 10, -4, -5, -8, -11, 15, -15, 5, 3, -16, 10,
            ]),
        Known(
            input: [2, 5, 4, 1], kernel: [3, 3, 1, 2],
            window: Window(
                size: Size2D(3, 3), strides: Size2D(2, 1), dilation: Size2D(1, 1),
                padding: Insets(top: 1, bottom: 0, left: 1, right: 2)), groups: 1,
            y: [
                -17, 14, 23, -6, -31, 20, 16, 2, -5, -15, -29, 12, 29, 5, -3, -28, -19, 8, 6, 14, 14, -17, -12,
                -14, -11, 12, 19, 8, -5, -3, 26, 17, 27, -50, -49, 27, 15, 14, 4, -13,
            ],
            dx: [
                -9, 11, 10, -6, 10, -6, -8, -5, -9, 11, 10, -6, 5, 7, -6, 1, 0, 0, 0, 0, -9, 11, 10, -6, 10, -6,
                -8, -5, -9, 11, 10, -6, 5, 7, -6, 1, 0, 0, 0, 0,
            ],
            dkernel: [
                0, -11, -3, -4, -9, 18, 0, 0, 5, 25, 4, -30, 4, -2, 1, -30, -2, 27,
            ]),
        Known(
            input: [1, 5, 6, 2], kernel: [2, 2, 2, 1],
            window: Window(
                size: Size2D(2, 2), strides: Size2D(1, 2), dilation: Size2D(3, 2),
                padding: Insets(top: 0, bottom: 1, left: 1, right: 0)), groups: 1,
            y: [
                -19, 11, -7, -6, 23, -28, 6, -15, 22,
            ],
            dx: [
                0, 0, -3, 6, 0, 0, 3, -4, 0, 0, 0, 2, 0, 0, 0, -4, 0, 0, 6, -4, 0, 0, 0, 4, 0, 0, 3, -4, 0, 0, -6,
                6, 0, 0, 0, -4, 0, 0, 5, 7, 0, 0, -4, -4, 0, 0, 1, 3, 0, 0, -2, -6, 0, 0, -6, -2, 0, 0, 2, 6,
            ],
            dkernel: [
                -15, 22, 38, -17, -4, 15, 9, -16,
            ]),
        Known(
            input: [1, 4, 4, 4], kernel: [2, 3, 2, 2],
            window: Window(
                size: Size2D(2, 3), strides: Size2D(2, 1), dilation: Size2D(1, 1),
                padding: Insets(top: 0, bottom: 0, left: 1, right: 1)), groups: 2,
            y: [
                -2, -6, 1, -24, 7, 41, 3, 14, 11, 15, 38, -32, -33, -11, 3, -16,
            ],
            dx: [
                -3, 2, 5, -7, -7, 5, -2, 1, -5, 2, -4, 14, 3, -1, -1, -3, -1, -3, -4, 5, 2, -7, -5, -2, 2, -5, -1,
                -4, 0, 3, 8, -1, 12, -2, 2, -2, 1, -2, 5, -7, -7, 5, -2, 1, -2, 2, -2, 12, -2, 12, -1, 2, -3, 1,
                -4, 5, 2, -7, -5, -2, 1, -2, -2, -2,
            ],
            dkernel: [
                -2, -21, 10, 23, -1, 10, -11, 6, 17, -9, 11, -3, 3, 1, 4, -21, 15, 1, -17, 8, -13, 10, 3, -17,
            ]),
        Known(
            input: [1, 4, 3, 3], kernel: [3, 3, 1, 3],
            window: Window(
                size: Size2D(3, 3), strides: Size2D(1, 1), dilation: Size2D(1, 1),
                padding: Insets(top: 1, bottom: 1, left: 1, right: 1)), groups: 3,
            y: [
                -8, -10, 17, 14, -19, 20, 7, -10, -2, 14, -19, -1, 12, 12, -51, -19, 14, -3, 7, 24, -9, -6, 30, 12,
                -7, -1, 8, -10, -1, 9, -10, -49, 11, 2, -3, 4,
            ],
            dx: [
                1, -3, -2, 6, 16, 16, 10, -2, -3, 5, -2, -3, -4, -9, -10, -12, -6, 6, 7, 8, 12, 1, 1, 2, 8, 7, -11,
                -4, -5, -5, -11, -5, -6, -4, -7, 10,
            ],
            dkernel: [
                -4, 6, -9, -7, -7, 22, 6, -4, -6, -14, 13, 3, 20, 3, -5, 7, 2, 16, 7, -21, 17, -6, -2, 1, -13, 16,
                -13,
            ]),
    ]

    @Test(arguments: cases)
    func convolution(_ known: Known) throws {
        let graph = Graph()
        let (x, kernel) = (graph.input("x", shape: known.input), graph.input("kernel", shape: known.kernel))
        let y = try graph.convolution(x, kernel, known.window, groups: known.groups)
        let weights = graph.input("weights", shape: y.shape)
        let gradients = try graph.gradients(of: (y * weights).sum(), for: [x, kernel]).map { try #require($0) }
        let interpreter = ReferenceInterpreter(
            graph: graph,
            inputs: [
                "x": Self.pattern(known.input, 7, 11), "kernel": Self.pattern(known.kernel, 5, 7),
                "weights": Self.pattern(y.shape, 3, 5),
            ])
        #expect(try interpreter.evaluate([y] + gradients) == [known.y, known.dx, known.dkernel])
    }

    /// x = a((2, 3, 3, 2), 7, 11), γ = (2, −1.5), β = (0.5, 1), ε = 0.001, dy = a(x.shape, 3, 5); the first six elements.
    @Test func batchNormalization() throws {
        let graph = Graph()
        let x = graph.input("x", shape: [2, 3, 3, 2])
        let (scale, shift) = (graph.input("scale", shape: [2]), graph.input("shift", shape: [2]))
        let weights = graph.input("weights", shape: x.shape)
        let (y, mean, variance) = try graph.batchNormalization(x, scale: scale, shift: shift, epsilon: 1e-3)
        let gradients = try graph.gradients(of: (y * weights).sum(), for: [x, scale, shift]).map { try #require($0) }
        let values = try ReferenceInterpreter(
            graph: graph,
            inputs: [
                "x": Self.pattern(x.shape, 7, 11), "scale": [2, -1.5], "shift": [0.5, 1],
                "weights": Self.pattern(x.shape, 3, 5),
            ]
        ).evaluate([y, mean, variance] + gradients)
        let expected = [
            [-2.52353094, 0.066788629, -0.602699519, -1.333028427, 1.318131902, 2.399817056],
            [-0.277777778, 0], [9.756172840, 10.333333333],
            [-0.809448123, -0.460750267, -0.400667903, -0.957456632, 0.008112316, 0.989234589],
            [6.776266402, -1.244281828], [-3, 1],
        ]
        for (values, expected) in zip(values, expected) {
            #expect(zip(values, expected).allSatisfy { abs($0 - $1) < 1e-7 }, "\(values.prefix(6)) \(expected)")
        }
    }
}
