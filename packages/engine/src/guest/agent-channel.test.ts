// SPDX-License-Identifier: Apache-2.0
import { duplexPair } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AgentChannel, longestAnswer, printable } from './agent-channel.ts'

interface Asked {
  readonly execute: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/** An agent of our own making; what `answer` gives is written as it stands. It finds the sentinel as the real one does. */
function agent(answer: (asked: Asked) => string | Buffer): { channel: AgentChannel; asked: Asked[]; say: (text: string) => void; end: () => void } {
  const [near, far] = duplexPair()
  const asked: Asked[] = []
  let held = ''
  far.on('data', (bytes: Buffer) => {
    const at = bytes.lastIndexOf(0xff)
    held = at < 0 ? held + bytes.toString('utf8') : bytes.subarray(at + 1).toString('utf8')
    for (let end = held.indexOf('\n'); end >= 0; end = held.indexOf('\n')) {
      const question: Asked = JSON.parse(held.slice(0, end))
      held = held.slice(end + 1)
      asked.push(question)
      const said = answer(question)
      if (said.length > 0 && !far.writableEnded) far.write(said)
    }
  })
  return { channel: new AgentChannel(near), asked, say: (text) => far.write(text), end: () => far.end() }
}

const inStep = ({ arguments: { id } }: Asked) => Buffer.concat([Buffer.of(0xff), Buffer.from(`{"return": ${id}}\n`)])

/** Honest about the stream, and `other` about everything else. */
const honest = (other: (asked: Asked) => string) => (asked: Asked) => (asked.execute === 'guest-sync-delimited' ? inStep(asked) : other(asked))

const text = z.strictObject({ text: z.string() })

describe('the channel to a guest agent', () => {
  it('finds the stream once and then asks one thing after another', async () => {
    const { channel, asked } = agent(honest(({ execute }) => `{"return": {"text": "${execute}"}}\n`))
    const answers = await Promise.all([channel.execute('one', {}, text, 1000), channel.execute('two', { a: 1 }, text, 1000)])
    expect(answers).toEqual([{ text: 'one' }, { text: 'two' }])
    expect(asked.map(({ execute }) => execute)).toEqual(['guest-sync-delimited', 'one', 'two'])
    expect(asked[2]?.arguments).toEqual({ a: 1 })
  })

  it('passes over what was left from before, and takes no answer to an older question for that of now', async () => {
    const { channel } = agent((asked) =>
      asked.execute === 'guest-sync-delimited'
        ? Buffer.concat([Buffer.from('{"return": {"text": "old"}}\n\xff{"return": 77}\n', 'latin1'), inStep(asked)])
        : '{"return": {"text": "new"}}\n',
    )
    expect(await channel.execute('one', {}, text, 1000)).toEqual({ text: 'new' })
  })

  it('says that there is none where nobody answers, and finds one that comes later', async () => {
    let there = false
    const { channel } = agent((asked) => (there ? honest(() => '{"return": {"text": "late"}}\n')(asked) : ''))
    await expect(channel.execute('one', {}, text, 50)).rejects.toMatchObject({ code: 'guest-agent-missing' })
    there = true
    expect(await channel.execute('one', {}, text, 1000)).toEqual({ text: 'late' })
  })

  it('says that an answer is late, and does not take it for the next one', async () => {
    const { channel, say } = agent(honest(({ execute }) => (execute === 'slow' ? '' : '{"return": {"text": "next"}}\n')))
    await expect(channel.execute('slow', {}, text, 50)).rejects.toMatchObject({ code: 'time-out' })
    say('{"return": {"text": "slow"}}\n')
    expect(await channel.execute('next', {}, text, 1000)).toEqual({ text: 'next' })
  })

  it('drops what a guest sends unasked, however much, and finds the stream again', async () => {
    const { channel, asked, say } = agent(honest(() => '{"return": {"text": "asked"}}\n'))
    await channel.execute('one', {}, text, 1000)
    for (let sent = 0; sent < 4; sent++) say('{"return": {"text": "forged"}}\n'.repeat(40_000))
    await new Promise(setImmediate)
    expect(await channel.execute('two', {}, text, 5000)).toEqual({ text: 'asked' })
    expect(asked.map(({ execute }) => execute)).toEqual(['guest-sync-delimited', 'one', 'guest-sync-delimited', 'two'])
  })

  it.each([
    ['no JSON', 'hello\n'],
    ['an answer of another form', '{"return": {"text": 5}}\n'],
    ['a member too many', '{"return": {"text": "a"}, "event": "x"}\n'],
    ['neither answer nor error', '{}\n'],
    ['an answer without end', `{"return": "${'a'.repeat(longestAnswer)}`],
  ])('refuses %s, and takes the next answer', async (_, said) => {
    const { channel } = agent(honest(({ execute }) => (execute === 'bad' ? said : '{"return": {"text": "good"}}\n')))
    await expect(channel.execute('bad', {}, text, 2000)).rejects.toMatchObject({ code: 'guest-agent-protocol' })
    expect(await channel.execute('good', {}, text, 2000)).toEqual({ text: 'good' })
  })

  it('tells a refusal in the words of the agent, without what could steer a terminal, and stays in step', async () => {
    const refusal = JSON.stringify({ error: { class: 'GenericError', desc: 'no \u001b[31mway\u202e' } })
    const { channel, asked } = agent(honest(({ execute }) => (execute === 'bad' ? `${refusal}\n` : '{"return": {"text": "good"}}\n')))
    await expect(channel.execute('bad', {}, text, 1000)).rejects.toMatchObject({
      code: 'guest-agent-refused',
      message: 'the guest agent refused `bad`: no  [31mway',
    })
    await channel.execute('good', {}, text, 1000)
    expect(asked.map(({ execute }) => execute)).toEqual(['guest-sync-delimited', 'bad', 'good'])
  })

  it('does not wait for the answer to what has none, and finds the stream again after it', async () => {
    const { channel, asked } = agent(
      honest(({ execute }) => (execute === 'guest-shutdown' ? '{"error": {"class": "a", "desc": "b"}}\n' : '{"return": {"text": "on"}}\n')),
    )
    await channel.send('guest-shutdown', { mode: 'powerdown' }, 1000)
    expect(await channel.execute('one', {}, text, 1000)).toEqual({ text: 'on' })
    expect(asked.map(({ execute }) => execute)).toEqual(['guest-sync-delimited', 'guest-shutdown', 'guest-sync-delimited', 'one'])
  })

  it('fails what is open and all that comes after once the stream has ended', async () => {
    const { channel, end } = agent(honest(() => ''))
    const open = channel.execute('one', {}, text, 5000)
    const next = channel.execute('two', {}, text, 5000)
    end()
    await expect(open).rejects.toMatchObject({ code: 'guest-agent-missing' })
    await expect(next).rejects.toMatchObject({ code: 'guest-agent-missing' })
  })
})

it('leaves letters of every script as they are', () => {
  expect(printable('Debian – Ελληνικά 日本\n')).toBe('Debian – Ελληνικά 日本')
})
