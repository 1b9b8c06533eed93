// Original file: ../../proto/sluice/v1/cluster.proto


export interface DescribeBrokerRequest {
}

export interface DescribeBrokerRequest__Output {
}
