import { isEnumType } from 'graphql'
import type { YearRange } from '../../rules/tax/tax-data.ts'
import type { TaxQuestion } from '../tax-api/questions.ts'
import { inRestWords, type RestWords, restWordsOf } from '../tax-api/rest-words.ts'
import {
  errorReferences,
  errorResponses,
  headerReferences,
  problemSchema,
} from './error-responses.ts'
import { componentRef, enumSchema, type JsonObject, outputSchemas } from './output-schemas.ts'
import { parameterObjects } from './parameter-objects.ts'

export interface OpenApiOptions {
  questions: readonly TaxQuestion[]
  /** The years that can be asked for. */
  years: YearRange
  version: string
  /** Origin, without a slash at its end. */
  publicUrl: string
}

/** The OpenAPI 3.1 description of the tax routes, from the same definitions that answer them. */
export function openApiDocument(options: OpenApiOptions): JsonObject {
  const { questions, years, version, publicUrl } = options
  const words = restWordsOf(questions)
  return {
    openapi: '3.1.1',
    info: {
      title: 'GetComplical',
      summary: 'When is this tax due?',
      description:
        'Due dates of taxes, each with its rule, its sources and what moved it. The same as in GraphQL, and counted in the same way.',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl }],
    security: [{ apiKey: [] }, { bearer: [], payingKey: [] }],
    paths: Object.fromEntries(
      questions.map((question) => [
        question.path,
        { get: operationOf(question, { years, words }) },
      ]),
    ),
    components: {
      securitySchemes,
      headers,
      responses: errorResponses,
      schemas: {
        ...parameterEnums(questions, words),
        ...outputSchemas(
          questions.map(({ type }) => type),
          words,
        ),
        Page: pageSchema,
        Problem: problemSchema,
      },
    },
  }
}

function operationOf(
  question: TaxQuestion,
  told: { years: YearRange; words: RestWords },
): JsonObject {
  const { field, description, parameters } = question
  return {
    operationId: field,
    ...(description && { description: inRestWords(description, told.words) }),
    parameters: parameterObjects(parameters, told),
    responses: {
      200: {
        description: 'The answer.',
        headers: headerReferences(['X-Request-Id', 'RateLimit-Policy', 'RateLimit']),
        content: { 'application/json': { schema: answerSchema(question) } },
      },
      ...errorReferences,
    },
  }
}

function answerSchema({ shape, type }: TaxQuestion): JsonObject {
  const one = componentRef('schemas', type.name)
  const data = shape === 'one' ? one : { type: 'array', items: one }
  const page = shape === 'page' && { page: componentRef('schemas', 'Page') }
  const properties = { data, ...page }
  return { type: 'object', properties, required: Object.keys(properties) }
}

function parameterEnums(
  questions: readonly TaxQuestion[],
  words: RestWords,
): Record<string, JsonObject> {
  const types = questions.flatMap(({ parameters }) => parameters.map(({ type }) => type))
  return Object.fromEntries(
    types.filter(isEnumType).map((type) => [type.name, enumSchema(type, words)]),
  )
}

const pageSchema: JsonObject = {
  type: 'object',
  properties: {
    next: {
      type: ['string', 'null'],
      description: 'The `after` of the next page; null on the last.',
    },
  },
  required: ['next'],
}

const text = { type: 'string' }
const headers: Readonly<Record<string, JsonObject>> = {
  'X-Request-Id': { description: 'Your own, where you sent one; else ours.', schema: text },
  'RateLimit-Policy': {
    description:
      "The plan's month: `q` units in `w` seconds (draft-ietf-httpapi-ratelimit-headers).",
    schema: text,
  },
  RateLimit: { description: '`r` units are left, for `t` seconds.', schema: text },
  'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 0 } },
  Allow: { description: 'Methods.', schema: text },
}

const securitySchemes: JsonObject = {
  apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
  bearer: { type: 'http', scheme: 'bearer', description: 'A token of the OpenID Connect issuer.' },
  payingKey: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Api-Key-Id',
    description: "The id of the account's key that pays, beside a bearer token.",
  },
}
