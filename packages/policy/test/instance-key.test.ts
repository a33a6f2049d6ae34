// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { instanceKeyProtection, openInstanceKey, type Wrapping, wrapInstanceKey } from '../src/trust/instance-key.ts'
import { generateDeviceKey, generateEphemeralKey } from '../src/trust/software-device-key.ts'
import { argon2id } from './argon2id.ts'
import { random } from './keys.ts'

const { key: device } = await generateDeviceKey()
const { key: stranger } = await generateDeviceKey()
const key = random(32)
const params = { memoryKiB: 19_456, passes: 2, lanes: 1 }
const typed = (text: string) => ({ text, derive: argon2id, params })
const wrap = async (password: Wrapping['password'], instance = 'office-1') =>
  wrapInstanceKey(instance, key, { device, ephemeral: await generateEphemeralKey(), random, password })
const coded = (code: string) => expect.objectContaining({ name: 'PolicyError', code })

describe('an instance key at rest', () => {
  it('opens under the device key alone where no password is set', async () => {
    const text = await wrap(null)
    expect(await instanceKeyProtection(text, 'office-1', device)).toBe('device')
    expect(await openInstanceKey(text, 'office-1', device, null)).toEqual(key)
  })

  it('opens under device key and password together, and under neither alone', async () => {
    const text = await wrap(typed('a good password'))
    expect(await instanceKeyProtection(text, 'office-1', device)).toBe('device-and-password')
    expect(await openInstanceKey(text, 'office-1', device, typed('a good password'))).toEqual(key)
    await expect(openInstanceKey(text, 'office-1', device, typed('a wrong password'))).rejects.toThrow(coded('password-wrong'))
    await expect(openInstanceKey(text, 'office-1', device, null)).rejects.toThrow(coded('password-missing'))
    await expect(openInstanceKey(text, 'office-1', stranger, typed('a good password'))).rejects.toThrow(coded('token-key'))
  })

  it('is not taken for the key of another instance', async () => {
    await expect(openInstanceKey(await wrap(null), 'office-2', device, null)).rejects.toThrow(coded('instance-key-invalid'))
    expect(await openInstanceKey(await wrap(null, 'office-2'), 'office-2', device, null)).toEqual(key)
  })

  it('shows neither key nor password, and is another text each time', async () => {
    const [one, other] = [await wrap(null), await wrap(null)]
    expect(one).not.toBe(other)
    expect(one).not.toContain(Buffer.from(key).toString('base64url'))
  })
})
