// SPDX-License-Identifier: Apache-2.0
import NextAuth from 'next-auth'
import { authOptions } from '../../../session.ts'

const handle = (request: Request, context: object): Promise<Response> => NextAuth(authOptions())(request, context)

export { handle as GET, handle as POST }
