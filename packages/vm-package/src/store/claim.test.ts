// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type ClaimedStore, claimForCleaning, claimForWriting } from './claim.ts'

function memoryClaims(): ClaimedStore & { readonly names: Set<string> } {
  const names = new Set<string>()
  return {
    names,
    claims: async () => [...names],
    addClaim: async (name) => void names.add(name),
    deleteClaim: async (name) => void names.delete(name),
  }
}

const busy = { code: 'store-busy' }

describe('claims on a store', () => {
  it('let many write at once and none clean meanwhile', async () => {
    const store = memoryClaims()
    const [one, other] = [await claimForWriting(store), await claimForWriting(store)]
    await expect(claimForCleaning(store)).rejects.toMatchObject(busy)
    await one.release()
    await expect(claimForCleaning(store)).rejects.toMatchObject(busy)
    await other.release()
    const cleaning = await claimForCleaning(store)
    await cleaning.release()
    expect([...store.names]).toEqual([])
  })

  it('let one clean at a time', async () => {
    const store = memoryClaims()
    const first = await claimForCleaning(store)
    await expect(claimForCleaning(store)).rejects.toMatchObject(busy)
    await first.release()
    await (await claimForCleaning(store)).release()
  })

  it('let a writer wait for the end of a cleaning', async () => {
    const store = memoryClaims()
    const cleaning = await claimForCleaning(store)
    let written = false
    const writing = claimForWriting(store).then((claim) => {
      written = true
      return claim
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(written).toBe(false)
    await cleaning.release()
    await (await writing).release()
  })

  it('let a writer that waits be cancelled', async () => {
    const store = memoryClaims()
    const cleaning = await claimForCleaning(store)
    await expect(claimForWriting(store, AbortSignal.abort())).rejects.toMatchObject({ code: 'seal-cancelled' })
    await cleaning.release()
  })

  it('lapse when nobody renews them: those of a killed process stop nobody for ever', async () => {
    const store = memoryClaims()
    const killedAt = 1_000_000
    await claimForWriting(store, undefined, () => killedAt)
    await expect(claimForCleaning(store, () => killedAt + 329_999)).rejects.toMatchObject(busy)
    await (await claimForCleaning(store, () => killedAt + 330_000)).release()
  })

  it('tell whoever stood still that its claim has lapsed, and whoever did not that it holds', async () => {
    let now = 1_000_000
    const claim = await claimForWriting(memoryClaims(), undefined, () => now)
    now += 299_999
    expect(() => claim.check()).not.toThrow()
    now += 1
    expect(() => claim.check()).toThrow(expect.objectContaining({ code: 'claim-lapsed' }))
    now -= 1000
    expect(() => claim.check()).toThrow(expect.objectContaining({ code: 'claim-lapsed' }))
    await claim.release()
  })

  it('are not disturbed by names of others', async () => {
    const store = memoryClaims()
    for (const name of ['write-', 'write-x-99999999999999', 'something']) await store.addClaim(name)
    await (await claimForCleaning(store)).release()
  })
})
