// SPDX-License-Identifier: Apache-2.0

/** Where the console's own message speaks of keys and bytes, what people are told; every other message stands as it is. */
const sentences: Readonly<Record<string, string>> = {
  'pending-exists': 'A version of this kind waits for approval already. Approve or withdraw it first, then put this one forward.',
  'pending-altered': 'What waits is no longer what you were shown. Reload the page and read it again before you approve.',
  'pending-missing': 'Nothing of this kind waits for approval any more.',
  'sealed-key-passphrase': 'The passphrase is wrong.',
  'key-signed': 'This key has approved this version already.',
  'holder-signed': 'The same person has approved this version with another key already; the author of a change counts once.',
  'right-missing': 'You do not have the right to do this. Ask an administrator of your organisation.',
  'sign-in-needed': 'Your session has ended. Sign in again; what you typed stays here until you leave this page.',
  'console-unreachable': 'The console does not answer. It may be restarting; try again in a moment.',
  'too-many-tries': 'Too many tries. Wait a minute, then try again.',
}

export function faultSentence({ code, message }: { readonly code: string; readonly message: string }): string {
  const known = Object.hasOwn(sentences, code) ? sentences[code] : undefined
  if (known !== undefined) return known
  const text =
    message.trim() === ''
      ? 'something went wrong'
      : message
          .trim()
          .replaceAll('`', '”')
          .replace(/”([^”]*)”/g, '“$1”')
  const sentence = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?)]$/.test(sentence) || sentence.includes('\n') ? sentence : `${sentence}.`
}
