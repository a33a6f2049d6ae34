// SPDX-License-Identifier: Apache-2.0
//
// The software device key: a file that only this user may read. It is no hardware key; whoever reads the file is this device.
import { chmod } from 'node:fs/promises'
import type { DeviceKey } from '@casemate/policy/device-key'
import { generateDeviceKey, loadDeviceKey } from '@casemate/policy/software-device-key'
import { readBytes } from '../state-file.ts'
import { writeWhole } from '../update/write-whole.ts'

/** @returns undefined where there is none. @throws PolicyError `key-invalid` */
export async function readDeviceKey(path: string): Promise<DeviceKey | undefined> {
  const bytes = await readBytes(path)
  if (bytes === undefined) return undefined
  await chmod(path, 0o600)
  return loadDeviceKey(bytes.toString('utf8'))
}

/** The key that is there, or a new one, durable before it is returned. */
export async function readOrMakeDeviceKey(path: string): Promise<DeviceKey> {
  const kept = await readDeviceKey(path)
  if (kept !== undefined) return kept
  const { key, secret } = await generateDeviceKey()
  await writeWhole(path, Buffer.from(secret))
  return key
}
