// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import type { Hono } from 'hono'

const FOLDER = join(import.meta.dirname, '../../launcher')

/** The page's own files and no others. Scripts keep their `.ts` names, since that is how they import each other. */
export function servePage(app: Hono): void {
  app.get('/', async (context) => context.html(await readFile(join(FOLDER, 'launcher.html'), 'utf8')))
  app.get('/launcher.css', async (context) => context.body(await readFile(join(FOLDER, 'launcher.css'), 'utf8'), 200, { 'content-type': 'text/css' }))
  for (const name of readdirSync(FOLDER).filter((file) => /^[a-z-]+\.ts$/.test(file))) {
    app.get(`/${name}`, async (context) =>
      context.body(stripTypeScriptTypes(await readFile(join(FOLDER, name), 'utf8')), 200, { 'content-type': 'text/javascript' }),
    )
  }
}
