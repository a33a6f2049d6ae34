// SPDX-License-Identifier: Apache-2.0
import { recipientOf } from '@casemate/policy/encrypted-token'
import { PolicyError } from '@casemate/policy/error'
import type { Request } from '@casemate/policy/facts'
import { thumbprint } from '@casemate/policy/jwk'
import type { Device } from '../device.ts'
import type { InstanceRecord } from '../instances/instance-store.ts'

/** By what the wrapping of its key says of itself; that it opens nowhere else is what holds. One that cannot be read is found when it is opened. */
export async function boundTo({ key }: Pick<Device, 'key'>, record: Pick<InstanceRecord, 'key'>): Promise<Request['instance']['boundTo']> {
  try {
    return recipientOf(record.key) === (await thumbprint(key.agreementJwk)) ? 'this-device' : 'another-device'
  } catch (error) {
    if (error instanceof PolicyError) return 'this-device'
    throw error
  }
}
