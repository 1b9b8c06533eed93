// Original file: ../../proto/sluice/v1/groups.proto


export interface DeleteOffsetsResponse {
}

export interface DeleteOffsetsResponse__Output {
}
