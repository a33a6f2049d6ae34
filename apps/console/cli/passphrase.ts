// SPDX-License-Identifier: Apache-2.0
//
// A passphrase comes from a file or from the terminal without echo; never from the command line or the environment, which others
// on the machine can read.
import { StringDecoder } from 'node:string_decoder'
import { AdminError } from './error.ts'
import { readSmallFile } from './files.ts'

const maxBytes = 1024
const leastCharacters = 8

/** @param file from `--passphrase-file`: one line. @throws AdminError `passphrase`, `usage`, `file-unreadable` */
export async function readPassphrase(file: string | undefined, prompt = 'Passphrase: '): Promise<string> {
  const typed = file === undefined ? await askOnTerminal(prompt) : await readLine(file)
  if (typed === '') throw new AdminError('refused', 'passphrase', 'expected a passphrase, found none')
  return typed
}

/** For a new secret: long enough, and typed twice on a terminal. @throws as `readPassphrase` */
export async function readNewPassphrase(file: string | undefined): Promise<string> {
  const typed = await readPassphrase(file, 'New passphrase: ')
  if ([...typed].length < leastCharacters)
    throw new AdminError('refused', 'passphrase', `expected a passphrase of at least ${leastCharacters} characters`)
  if (file === undefined && (await askOnTerminal('Once more: ')) !== typed) {
    throw new AdminError('refused', 'passphrase', 'the two passphrases differ')
  }
  return typed
}

async function readLine(path: string): Promise<string> {
  const text = (await readSmallFile(path, maxBytes)).toString('utf8').replace(/\r?\n$/, '')
  if (text.includes('\n')) throw new AdminError('refused', 'passphrase', `\`${path}\`: expected one line`)
  return text
}

/** Reads one line with echo switched off; the terminal is as before whatever happens. */
async function askOnTerminal(prompt: string): Promise<string> {
  const { stdin, stderr } = process
  if (!stdin.isTTY) throw new AdminError('usage', 'usage', 'expected `--passphrase-file FILE`, or a terminal to ask on')
  // Before the prompt: whoever answers it at once must not be echoed.
  stdin.setRawMode(true)
  stderr.write(prompt)
  try {
    return await readTyped()
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    stderr.write('\n')
  }
}

async function readTyped(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const decoder = new StringDecoder('utf8')
  let typed: readonly string[] = []
  const onData = (bytes: Buffer) => {
    for (const character of decoder.write(bytes)) {
      if (character === '\r' || character === '\n') return resolve(typed.join(''))
      if (character === '\u0003' || character === '\u0004') return reject(new AdminError('environment', 'passphrase', 'no passphrase was given'))
      typed = character === '\u007f' || character === '\b' ? typed.slice(0, -1) : [...typed, character]
    }
  }
  process.stdin.on('data', onData)
  process.stdin.resume()
  try {
    return await promise
  } finally {
    process.stdin.off('data', onData)
  }
}
