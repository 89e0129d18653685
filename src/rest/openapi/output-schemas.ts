import {
  type GraphQLEnumType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { answeredFields } from '../tax-api/answered-fields.ts'
import { inRestWords, type RestWords } from '../tax-api/rest-words.ts'
import { scalarSchema } from './scalar-schemas.ts'

/** JSON Schema 2020-12, or an object of OpenAPI that holds some. */
export type JsonObject = Readonly<Record<string, unknown>>

export function componentRef(kind: string, name: string): JsonObject {
  return { $ref: `#/components/${kind}/${name}` }
}

/** The components that answers of these types refer to, by name, each type once. */
export function outputSchemas(
  types: readonly GraphQLObjectType[],
  words: RestWords,
): Record<string, JsonObject> {
  const schemas: Record<string, JsonObject> = {}
  const waiting: GraphQLObjectType[] = [...types]
  for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
    if (type.name in schemas) continue
    const fields = answeredFields(type)
    schemas[type.name] = {
      type: 'object',
      ...described(type, words),
      properties: Object.fromEntries(
        fields.map((field) => [
          field.name,
          { ...described(field, words), ...outputSchema(field.type) },
        ]),
      ),
      // Every field is sent always, as null where it has no value.
      required: fields.map(({ name }) => name),
    }
    for (const field of fields) {
      const inner = getNamedType(field.type)
      if (isObjectType(inner)) waiting.push(inner)
      if (isEnumType(inner)) schemas[inner.name] = enumSchema(inner, words)
    }
  }
  return schemas
}

export function enumSchema(type: GraphQLEnumType, words: RestWords): JsonObject {
  return {
    type: 'string',
    ...described(type, words),
    enum: type.getValues().map(({ name }) => name),
  }
}

function described({ description }: { description?: string | null | undefined }, words: RestWords) {
  return description ? { description: inRestWords(description, words) } : {}
}

function outputSchema(type: GraphQLOutputType): JsonObject {
  const schema = schemaOf(getNullableType(type))
  if (isNonNullType(type)) return schema
  // A reference cannot be widened in place.
  if ('type' in schema) return { ...schema, type: [schema.type, 'null'] }
  return { anyOf: [schema, { type: 'null' }] }
}

function schemaOf(type: GraphQLOutputType): JsonObject {
  if (isListType(type)) return { type: 'array', items: outputSchema(type.ofType) }
  if (isEnumType(type) || isObjectType(type)) return componentRef('schemas', type.name)
  return scalarSchema(getNamedType(type).name)
}
