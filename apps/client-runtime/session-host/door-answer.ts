// SPDX-License-Identifier: Apache-2.0
//
// How the control door answers: 409 with a code for what is refused by name; 400 for a call without its form.
import type { Context } from 'hono'
import { z } from 'zod'
import { CodedError } from './coded-error.ts'

export async function withBody<T>(context: Context, schema: z.ZodType<T>, act: (body: T) => Promise<object>): Promise<Response> {
  const body = schema.safeParse(await context.req.json().catch(() => null))
  if (!body.success) return context.json({ code: 'body-invalid', message: z.prettifyError(body.error) }, 400)
  return answered(context, () => act(body.data))
}

export async function answered(context: Context, act: () => Promise<object>): Promise<Response> {
  try {
    return context.json(await act())
  } catch (error) {
    if (error instanceof CodedError) return context.json({ code: error.code, message: error.message }, 409)
    throw error
  }
}
