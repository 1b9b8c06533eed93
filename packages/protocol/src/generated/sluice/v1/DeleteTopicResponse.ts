// Original file: ../../proto/sluice/v1/cluster.proto


export interface DeleteTopicResponse {
}

export interface DeleteTopicResponse__Output {
}
