// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type BootEngine, enginesToTry, recordOnFirst } from './boot-engines.ts'
import { DoesNotRunHere } from './does-not-run-here.ts'

const mebibyte = 1_048_576

describe('the engine of a recorded boot', () => {
  it('is the one that was chosen, whatever memory there is', () => {
    expect(enginesToTry('v86', 4096, 0)).toEqual(['v86'])
  })

  it('is QEMU, then v86, where nobody chose and memory is free; nothing boots where it is not', () => {
    expect(enginesToTry('auto', 1024, 1536 * mebibyte)).toEqual(['qemu', 'v86'])
    expect(() => enginesToTry('auto', 1024, 1536 * mebibyte - 1)).toThrow('expected 1536 MiB of free memory')
  })

  const tried: BootEngine[] = []
  const recordWith = (faults: Partial<Record<BootEngine, Error>>) => (engine: BootEngine) => {
    tried.push(engine)
    const fault = faults[engine]
    return fault === undefined ? Promise.resolve(`recorded on ${engine}`) : Promise.reject(fault)
  }

  it('is the next one only where the first does not run the package', async () => {
    const refused = new DoesNotRunHere('the package does not run here on qemu: engine-missing')
    await expect(recordOnFirst(['qemu', 'v86'], recordWith({}))).resolves.toBe('recorded on qemu')
    await expect(recordOnFirst(['qemu', 'v86'], recordWith({ qemu: refused }))).resolves.toBe('recorded on v86')
    tried.length = 0
    await expect(recordOnFirst(['qemu', 'v86'], recordWith({ qemu: new Error('no room') }))).rejects.toThrow('no room')
    expect(tried).toEqual(['qemu'])
  })

  it('is none where no engine runs the package, with the words of each', async () => {
    const faults = { qemu: new DoesNotRunHere('not on qemu'), v86: new DoesNotRunHere('not on v86') }
    await expect(recordOnFirst(['qemu', 'v86'], recordWith(faults))).rejects.toThrow('not on qemu; not on v86')
  })
})
