// Original file: ../../proto/sluice/v1/groups.proto


export interface Heartbeat {
}

export interface Heartbeat__Output {
}
