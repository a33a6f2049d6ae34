// SPDX-License-Identifier: Apache-2.0
import { type Browser, chromium } from 'playwright-core'

/** Debian's Chromium, headless, talking to nobody but the pages of the test. */
export function launchChromium(): Promise<Browser> {
  const quiet = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', ...quiet] })
}
