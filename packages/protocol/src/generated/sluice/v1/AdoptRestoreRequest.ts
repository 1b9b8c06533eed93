// Original file: ../../proto/sluice/v1/cluster.proto


export interface AdoptRestoreRequest {
}

export interface AdoptRestoreRequest__Output {
}
