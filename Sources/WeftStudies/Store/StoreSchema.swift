import Foundation
import GRDB

/// The store's tables, and how runs go in and come out.
enum StoreSchema {
    /// Every version of the tables, oldest first. One that was released is never changed: a new one follows it.
    static var migrations: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE run (
                        id INTEGER PRIMARY KEY, folder TEXT NOT NULL UNIQUE,
                        study TEXT, variant TEXT, number INTEGER,
                        model TEXT NOT NULL, data TEXT NOT NULL, seed TEXT NOT NULL,
                        status TEXT NOT NULL, reason TEXT, started REAL NOT NULL, updated REAL NOT NULL,
                        epochs INTEGER NOT NULL, parameters INTEGER NOT NULL, seconds REAL, configuration TEXT NOT NULL);
                    CREATE TABLE value (
                        run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, position INTEGER NOT NULL,
                        name TEXT NOT NULL, last REAL, best REAL, best_epoch INTEGER NOT NULL,
                        PRIMARY KEY (run, position)) WITHOUT ROWID;
                    CREATE INDEX run_of_study ON run (study, variant, number);
                    """)
        }
        return migrator
    }

    static func write(_ run: StoredRun, _ database: Database) throws -> Int64 {
        let columns = [
            "folder", "study", "variant", "number", "model", "data", "seed", "status", "reason", "started", "updated",
            "epochs", "parameters", "seconds", "configuration",
        ]
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        let updates = columns.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        let id = try Int64.fetchOne(
            database,
            sql: """
                INSERT INTO run (\(columns.joined(separator: ", "))) VALUES (\(places))
                ON CONFLICT (folder) DO UPDATE SET \(updates) RETURNING id
                """,
            arguments: [
                run.folder, run.label?.study, run.label?.variant, run.label?.number, run.model, run.data, run.seed,
                run.status, run.reason, run.started.timeIntervalSince1970, run.updated.timeIntervalSince1970,
                run.epochs,
                run.parameters, run.seconds, run.configuration,
            ])!
        try database.execute(sql: "DELETE FROM value WHERE run = ?", arguments: [id])
        for (position, value) in run.values.enumerated() {
            // SQLite has no NaN: it becomes NULL.
            try database.execute(
                sql: "INSERT INTO value VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [id, position, value.name, value.last, value.best, value.bestEpoch])
        }
        return id
    }

    /// All runs, the earliest first.
    static func readAll(_ database: Database) throws -> [StoredRun] {
        var values: [Int64: [StoredRun.Value]] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT * FROM value ORDER BY run, position") {
            values[row["run"], default: []].append(
                .init(
                    name: row["name"], last: row["last"] ?? .nan, best: row["best"] ?? .nan,
                    bestEpoch: row["best_epoch"]))
        }
        return try Row.fetchAll(database, sql: "SELECT * FROM run ORDER BY started, id").map { row in
            let study: String? = row["study"]
            let id: Int64 = row["id"]
            return StoredRun(
                id: id, folder: row["folder"],
                label: study.map { RunLabel(study: $0, variant: row["variant"] ?? "", number: row["number"] ?? 0) },
                model: row["model"], data: row["data"], seed: row["seed"], status: row["status"], reason: row["reason"],
                started: Date(timeIntervalSince1970: row["started"]),
                updated: Date(timeIntervalSince1970: row["updated"]),
                epochs: row["epochs"], parameters: row["parameters"], seconds: row["seconds"],
                configuration: row["configuration"], values: values[id] ?? [])
        }
    }
}
