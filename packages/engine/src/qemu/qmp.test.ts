// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { type Duplex, duplexPair } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Qmp } from './qmp.ts'

const greeting = '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}}\n'
const anything = z.unknown()

interface Request {
  readonly execute: string
  readonly id: number
}

/** A QEMU of our own making: `requests` yields what the client sends, `say` writes to it. */
function peer(): { client: Duplex; say: (text: string) => void; request: () => Promise<Request>; end: () => void } {
  const [client, other] = duplexPair()
  const lines: Request[] = []
  let held = ''
  other.setEncoding('utf8').on('data', (text: string) => {
    const parts = (held + text).split('\n')
    held = parts.pop() ?? ''
    lines.push(...parts.map((line) => JSON.parse(line)))
    other.emit('request')
  })
  const request = async (): Promise<Request> => {
    for (;;) {
      const next = lines.shift()
      if (next !== undefined) return next
      await once(other, 'request')
    }
  }
  return { client, say: (text) => other.write(text), request, end: () => other.end() }
}

async function connected(): Promise<ReturnType<typeof peer> & { qmp: Qmp }> {
  const side = peer()
  side.say(greeting)
  const connecting = Qmp.connect(side.client, 5000)
  const { id } = await side.request()
  side.say(`{"return": {}, "id": ${id}}\n`)
  return { ...side, qmp: await connecting }
}

describe('the QMP client', () => {
  it('leaves the negotiation after the greeting', async () => {
    const side = peer()
    const connecting = Qmp.connect(side.client, 5000)
    side.say(greeting)
    const first = await side.request()
    expect(first.execute).toBe('qmp_capabilities')
    side.say(`{"return": {}, "id": ${first.id}}\n`)
    expect(await connecting).toBeInstanceOf(Qmp)
  })

  it('matches answers by id, in whatever order and pieces they come', async () => {
    const { qmp, say, request } = await connected()
    const [one, two] = [qmp.execute('one', {}, anything, 5000), qmp.execute('two', {}, anything, 5000)]
    const [first, second] = [await request(), await request()]
    const answers = `{"return": "b", "id": ${second.id}}\r\n{"return": "a", "id": ${first.id}}\r\n`
    say(answers.slice(0, 10))
    say(answers.slice(10))
    expect(await Promise.all([one, two])).toEqual(['a', 'b'])
  })

  it('hands events out in their order, before answers that follow them', async () => {
    const { qmp, say, request } = await connected()
    const seen: string[] = []
    qmp.on('event', (name) => seen.push(name))
    const answer = qmp.execute('cont', {}, anything, 5000).then(() => [...seen])
    const { id } = await request()
    const stamp = '"timestamp": {"seconds": 1, "microseconds": 2}'
    say(`{"event": "RESUME", ${stamp}}\n{"event": "STOP", "data": {}, ${stamp}}\n{"return": {}, "id": ${id}}\n`)
    expect(await answer).toEqual(['RESUME', 'STOP'])
  })

  it('passes on the words of a refusal and goes on', async () => {
    const { qmp, say, request } = await connected()
    const refused = qmp.execute('stop', {}, anything, 5000)
    const first = await request()
    say(`{"error": {"class": "GenericError", "desc": "not now"}, "id": ${first.id}}\n`)
    await expect(refused).rejects.toMatchObject({ code: 'qmp-failed', message: 'not now' })
    const again = qmp.execute('stop', {}, anything, 5000)
    const second = await request()
    say(`{"return": {}, "id": ${second.id}}\n`)
    expect(await again).toEqual({})
  })

  it('refuses an answer of another shape', async () => {
    const { qmp, say, request } = await connected()
    const [good, bad] = [qmp.execute('a', {}, z.strictObject({ n: z.int() }), 5000), qmp.execute('b', {}, z.strictObject({ n: z.int() }), 5000)]
    const [first, second] = [await request(), await request()]
    say(`{"return": {"n": 1}, "id": ${first.id}}\n{"return": {"n": "1"}, "id": ${second.id}}\n`)
    expect(await good).toEqual({ n: 1 })
    await expect(bad).rejects.toMatchObject({ code: 'qmp-failed' })
  })

  it('gives up waiting, and takes the late answer without a word', async () => {
    const { qmp, say, request } = await connected()
    await expect(qmp.execute('slow', {}, anything, 1)).rejects.toMatchObject({ code: 'time-out' })
    const slow = await request()
    const next = qmp.execute('next', {}, anything, 5000)
    const { id } = await request()
    say(`{"return": "late", "id": ${slow.id}}\n{"return": "fresh", "id": ${id}}\n`)
    expect(await next).toBe('fresh')
  })

  it('gives up when nobody greets', async () => {
    await expect(Qmp.connect(peer().client, 1)).rejects.toMatchObject({ code: 'time-out' })
  })

  it.each([
    ['is no JSON', 'hello\n'],
    ['is no message', '{"hello": 1}\n'],
    ['answers what nobody asked', '{"return": {}, "id": 999}\n'],
    ['has a field that QMP does not know', '{"return": {}, "id": 2, "more": 1}\n'],
    ['greets again', greeting],
    ['never ends', 'x'.repeat((1 << 20) + 1)],
  ])('ends the connection when a line %s', async (_, line) => {
    const { qmp, say } = await connected()
    const open = qmp.execute('stop', {}, anything, 5000)
    say(line)
    await expect(open).rejects.toMatchObject({ code: 'qmp-failed' })
    await expect(qmp.execute('stop', {}, anything, 5000)).rejects.toMatchObject({ code: 'qmp-failed' })
  })

  it('rejects what is open when QEMU goes', async () => {
    const { qmp, end } = await connected()
    const open = qmp.execute('stop', {}, anything, 5000)
    end()
    await expect(open).rejects.toMatchObject({ code: 'vm-exited' })
  })
})
