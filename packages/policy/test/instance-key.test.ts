// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { encryptToken } from '../src/trust/encrypted-token.ts'
import { describeInstanceKey, openInstanceKey, type Wrapping, wrapInstanceKey } from '../src/trust/instance-key.ts'
import { generateDeviceKey, generateEphemeralKey } from '../src/trust/software-device-key.ts'
import { argon2id } from './argon2id.ts'
import { random } from './keys.ts'

const { key: device } = await generateDeviceKey()
const { key: stranger } = await generateDeviceKey()
const key = random(32)
const params = { memoryKiB: 19_456, passes: 2, lanes: 1 }
const typed = (text: string) => ({ text, derive: argon2id, params })
const name = { instance: 'office-1', passwordSeq: 0 }
const other = { ...name, instance: 'office-2' }
const wrap = async (password: Wrapping['password'], made = name) =>
  wrapInstanceKey(made, key, { device, ephemeral: await generateEphemeralKey(), random, password })
const coded = (code: string) => expect.objectContaining({ name: 'PolicyError', code })

describe('an instance key at rest', () => {
  it('opens under the device key alone where no password is set', async () => {
    const text = await wrap(null)
    expect(await describeInstanceKey(text, name, device)).toEqual({ protection: 'device', passwordSeq: 0 })
    expect(await openInstanceKey(text, name, device, null)).toEqual(key)
  })

  it('opens under device key and password together, and under neither alone', async () => {
    const text = await wrap(typed('a good password'))
    expect(await describeInstanceKey(text, name, device)).toEqual({ protection: 'device-and-password', passwordSeq: 0 })
    expect(await openInstanceKey(text, name, device, typed('a good password'))).toEqual(key)
    await expect(openInstanceKey(text, name, device, typed('a wrong password'))).rejects.toThrow(coded('password-wrong'))
    await expect(openInstanceKey(text, name, device, null)).rejects.toThrow(coded('password-missing'))
    await expect(openInstanceKey(text, name, stranger, typed('a good password'))).rejects.toThrow(coded('token-key'))
  })

  it('is not taken for the key of another instance', async () => {
    await expect(openInstanceKey(await wrap(null), other, device, null)).rejects.toThrow(coded('instance-key-invalid'))
    expect(await openInstanceKey(await wrap(null, other), other, device, null)).toEqual(key)
  })

  it.each([
    ['without a password', null],
    ['with a password', typed('a good password')],
  ])('does not open %s when it is older than the floor', async (_what, password) => {
    const [third, fourth] = [await wrap(password, { ...name, passwordSeq: 3 }), await wrap(password, { ...name, passwordSeq: 4 })]
    const floor = { ...name, passwordSeq: 4 }
    await expect(openInstanceKey(third, floor, device, password)).rejects.toThrow(coded('instance-key-older'))
    await expect(describeInstanceKey(third, floor, device)).rejects.toThrow(coded('instance-key-older'))
    expect(await openInstanceKey(fourth, floor, device, password)).toEqual(key)
    expect(await openInstanceKey(fourth, name, device, password)).toEqual(key)
  })

  it('without a number, from before there were numbers, is the first', async () => {
    const plain = { protection: 'device', instance: 'office-1', key: Buffer.from(key).toString('base64url') }
    const encryption = { typ: 'casemate-instance-key+jwe', recipient: device.agreementJwk, ephemeral: await generateEphemeralKey(), random }
    const text = await encryptToken(Buffer.from(JSON.stringify(plain)), encryption)
    expect(await openInstanceKey(text, name, device, null)).toEqual(key)
    await expect(openInstanceKey(text, { ...name, passwordSeq: 1 }, device, null)).rejects.toThrow(coded('instance-key-older'))
  })

  it('shows neither key nor password, and is another text each time', async () => {
    const [one, again] = [await wrap(null), await wrap(null)]
    expect(one).not.toBe(again)
    expect(one).not.toContain(Buffer.from(key).toString('base64url'))
  })
})
