// SPDX-License-Identifier: Apache-2.0
//
// The software device key in its file. It is no hardware key: whoever reads this file and the sealing key is this device.
import { randomBytes } from 'node:crypto'
import type { DeviceKey } from '@casemate/policy/device-key'
import { generateDeviceKey, loadDeviceKey } from '@casemate/policy/software-device-key'
import type { Layout } from '../../layout.ts'
import { RuntimeError } from '../error.ts'
import { writeState } from '../state-file.ts'
import { writeWhole } from '../update/write-whole.ts'
import { type SealedDeviceKey, sealDeviceKey, unsealDeviceKey } from './sealed-device-key.ts'
import { readOrMakeSealingKey, readSealingKey } from './sealing-key.ts'

/** `sealed`: under this user's sealing key. `carried`: in clear, on a stick that goes from computer to computer with its key. */
export type SoftwareKeeping = 'sealed' | 'carried'
/** As it is; `clear`: it should be sealed, but no sealing key can be kept. */
export type KeyKeeping = SoftwareKeeping | 'clear'

/** @throws RuntimeError `device-key-elsewhere`, `state-altered`; PolicyError `key-invalid` */
export async function openSealedKey(file: SealedDeviceKey, layout: Layout): Promise<DeviceKey> {
  const sealingKey = await readSealingKey(layout.sealingKey)
  if (sealingKey === undefined) {
    const why = `the key of this device was sealed on another computer or by another user: there is no \`${layout.sealingKey}\``
    throw new RuntimeError('device-key-elsewhere', why)
  }
  return await loadDeviceKey(unsealDeviceKey(file, sealingKey))
}

/**
 * A key as runtimes kept it before they sealed it, and as sticks do. Where it can be sealed, it is from now on.
 * @throws PolicyError `key-invalid`; the write error of the data folder
 */
export async function openPlainKey(
  secret: string,
  layout: Layout,
  keeping: SoftwareKeeping,
): Promise<{ readonly key: DeviceKey; readonly keeping: KeyKeeping }> {
  const key = await loadDeviceKey(secret)
  if (keeping === 'carried') return { key, keeping }
  const sealingKey = await readOrMakeSealingKey(layout.sealingKey).catch((error: unknown) => {
    // A device that worked goes on working; `doctor` says that its key is in clear.
    if (error instanceof RuntimeError && error.code === 'sealing-key-failed') return undefined
    throw error
  })
  if (sealingKey === undefined) return { key, keeping: 'clear' }
  await writeState(layout.deviceKey, sealDeviceKey(secret, sealingKey, random))
  return { key, keeping }
}

/** A new key, durable before it is returned. @throws RuntimeError `sealing-key-failed`, `state-altered` */
export async function makeSoftwareKey(layout: Layout, keeping: SoftwareKeeping): Promise<DeviceKey> {
  const { key, secret } = await generateDeviceKey()
  if (keeping === 'carried') await writeWhole(layout.deviceKey, Buffer.from(secret))
  else await writeState(layout.deviceKey, sealDeviceKey(secret, await readOrMakeSealingKey(layout.sealingKey), random))
  return key
}

const random = (length: number) => new Uint8Array(randomBytes(length))
