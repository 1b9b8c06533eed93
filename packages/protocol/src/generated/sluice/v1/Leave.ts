// Original file: ../../proto/sluice/v1/groups.proto


export interface Leave {
}

export interface Leave__Output {
}
