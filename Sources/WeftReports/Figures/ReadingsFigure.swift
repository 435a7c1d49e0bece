import Foundation
import WeftData

extension Figure {
    /// The error of each reading against the true time, and its mean over each half hour.
    static func readings(_ readings: Readings, title: String) -> Figure? {
        let known = readings.times.indices.filter { readings.read[$0].isFinite }
        guard !known.isEmpty else { return nil }
        // A reading to the second is as good as an exact one, and has a place on a logarithmic axis.
        let least = 1.0 / 60
        let points = known.map { sample in
            "\(Double(readings.times[sample].minutes) / 60) \(max(readings.error(sample), least))"
        }
        let heading = TextMeasure.fitted(title, size: fontSize, width: 480)
        let mean = readings.meanError
        let commands = """
            set label 9001 \(gnuplotString(heading)) at screen 0.53, screen 0.945 center tc rgb '\(Ink.text)'
            set tmargin at screen 0.83
            set rmargin at screen 0.97
            set border 3 lc rgb '\(Ink.axis)' lw 1
            set grid lt 1 lc rgb '\(Ink.grid)' lw 0.8
            set tics nomirror out scale 0.6 tc rgb '\(Ink.muted)'
            set xlabel 'true time (hour)' tc rgb '\(Ink.text)'
            set ylabel 'common-sense error (minutes)' tc rgb '\(Ink.text)'
            set key at screen 0.53, screen 0.87 center center horizontal maxrows 1 samplen 2 width -2 reverse Left \
            tc rgb '\(Ink.text)'
            set xrange [0:12]
            set xtics 1
            set xtics add ('12' 0)
            set logscale y
            set yrange [\(least / 1.3):500]
            set ytics ('1 s' 0.016667, '10 s' 0.16667, '1' 1, '3' 3, '10' 10, '30' 30, '60' 60, '180' 180, '360' 360)
            $points << EOD
            \(points.joined(separator: "\n"))
            EOD
            $means << EOD
            \(halfHourMeans(readings, known, least: least).joined(separator: "\n"))
            EOD
            plot $points using 1:2 with points pt 7 ps 0.35 lc rgb '#660072b2' title 'a dial', \
            $means using 1:2 with lines lw 2.4 lc rgb '\(Ink.validation)' title 'mean of 30 min', \
            \(max(mean, least)) with lines lw 1.4 lc rgb '\(Ink.text)' dt (12,4,2,4) title 'mean (\(significant(mean)))'
            """
        return Figure(
            name: "error-by-time", width: 540, height: 360,
            description: "Common-sense error of \(known.count) dials against their true time; mean "
                + "\(significant(mean)), median \(significant(readings.medianError)) minutes.",
            data: readings.csv, commands: commands)
    }

    /// The mean of each half hour as a level line.
    private static func halfHourMeans(_ readings: Readings, _ known: [Int], least: Double) -> [String] {
        let groups = Dictionary(grouping: known) { readings.times[$0].minutes / 30 }
        return (0..<24).flatMap { group -> [String] in
            guard let samples = groups[group] else { return [""] }
            let mean = max(samples.reduce(0) { $0 + readings.error($1) } / Double(samples.count), least)
            return ["\(Double(group) / 2) \(mean)", "\(Double(group + 1) / 2) \(mean)"]
        }
    }
}
