import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

export interface DescribedParameter {
  name: string
  required: boolean
  schema: ValueSchema & { type?: string; items?: ValueSchema }
}

export interface ValueSchema {
  type?: string
  format?: string
  minimum?: number
  maximum?: number
  default?: unknown
  $ref?: string
}

export interface DescribedOperation {
  operationId: string
  parameters: DescribedParameter[]
  responses: Record<string, unknown>
}

/** As much of an OpenAPI description as the tests read. */
export interface ApiDescription {
  openapi: string
  info: { version: string }
  servers: { url: string }[]
  paths: Record<string, { get: DescribedOperation }>
  components: { schemas: Record<string, { type: string; enum?: string[] }> }
}

/** Judges real answers by the description; a property that it does not name is an error too. */
export function createAnswerCheck(description: ApiDescription) {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true })
  addFormats.default(ajv)
  ajv.addFormat('int32', { type: 'number', validate: Number.isInteger })
  ajv.addVocabulary(['openapi', 'info', 'servers', 'security', 'paths', 'components'])
  ajv.addSchema(closed(description), 'openapi')

  /** @returns what is wrong with the answer; empty: nothing */
  return (path: string, status: number, body: unknown): string[] => {
    const { responses } = description.paths[path]?.get ?? {}
    if (!responses?.[status]) return [`${path} is not described to answer ${status}`]
    const ofAnswer = `paths/${pointer(path)}/get/responses/200/content/${pointer('application/json')}`
    const schema = status === 200 ? `${ofAnswer}/schema` : 'components/schemas/Problem'
    const validate = ajv.getSchema(`openapi#/${schema}`)
    if (!validate) return [`${schema} is not described`]
    return validate(body)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  }
}

/** A client must allow for new properties; the test must not. */
function closed(description: ApiDescription): object {
  const schemas = Object.entries(description.components.schemas).map(([name, schema]) => [
    name,
    schema.type === 'object' ? { ...schema, additionalProperties: false } : schema,
  ])
  const components = { ...description.components, schemas: Object.fromEntries(schemas) }
  return { ...description, components }
}

function pointer(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
}
