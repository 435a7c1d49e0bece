import Foundation
import WeftData
import WeftStudies

/// A dataset as it is asked for: its name, the form of its images, and where its files are looked for.
struct DataRequest: Hashable {
    let name: String
    let form: ImageForm
    let directory: String?

    func load(progress: DataAccess) throws -> DataSplits {
        var access = progress
        access.directory = directory
        return try DatasetCatalog.standard.load(name, as: form, access: access)
    }
}

extension LoadedModel {
    /// The data of the run that the model comes from; `nil` for a model without one.
    func ownData(_ options: DataOptions) throws -> DataRequest? {
        guard let run, let record = try RunRecord(in: run) else { return nil }
        let configuration = try record.configuration(run.readModel())
        return DataRequest(
            name: configuration.data, form: configuration.imageForm,
            directory: options.dataDir ?? configuration.dataDirectory)
    }

    /// The data that a user names, else that of the run.
    func dataRequest(_ options: DataOptions) throws -> DataRequest {
        if options.givenData == nil, let own = try ownData(options) { return own }
        return DataRequest(name: options.data, form: options.images.form, directory: options.dataDir)
    }

    func data(_ options: DataOptions) throws -> DataSplits {
        try dataRequest(options).load(progress: options.access)
    }
}
