// Original file: ../../proto/sluice/v1/cluster.proto


export interface SetBrokerDrainedResponse {
}

export interface SetBrokerDrainedResponse__Output {
}
