/** The OpenAPI document of the API. Paths overlap: `/orders/mine` is no order with the id `mine`. */
const parameter = (name: string, schema: object) => ({ in: "path", name, required: true, schema });
const whole = { type: "integer", minimum: 0 };
const id = parameter("id", whole);
const size = parameter("size", whole);
const bytes = { "application/octet-stream": {} };

export const DOCUMENT = {
  openapi: "3.1.0",
  info: { title: "A small API", version: "1" },
  paths: {
    "/orders/{id}": {
      get: { operationId: "getOrder", parameters: [id] },
      delete: { operationId: "deleteOrder", parameters: [id] },
    },
    "/orders/mine": { get: { operationId: "myOrders" } },
    "/orders/{id}/lines": { get: { operationId: "listLines", parameters: [id] } },
    "/bytes/{size}": { get: { operationId: "bytes", parameters: [size] } },
    "/chunks/{size}": { get: { operationId: "chunks", parameters: [size] } },
    "/events/{size}": { get: { operationId: "events", parameters: [size] } },
    "/encoded/{coding}/{size}": {
      get: {
        operationId: "encoded",
        parameters: [
          parameter("coding", { enum: ["gzip", "br", "GZIP", "x-gzip", "deflate", "zstd", "identity"] }),
          size,
        ],
      },
    },
    "/digest": { post: { operationId: "digest", requestBody: { content: bytes } } },
    "/unread": { post: { operationId: "unread", requestBody: { content: bytes } } },
    "/echo": { put: { operationId: "echo", requestBody: { content: bytes } } },
    "/photos": {
      post: {
        operationId: "addPhoto",
        requestBody: {
          required: true,
          content: {
            "multipart/form-data": {
              schema: {
                type: "object",
                properties: {
                  caption: { type: "string", maxLength: 100 },
                  file: { type: "string", format: "binary" },
                },
                required: ["file"],
                additionalProperties: false,
              },
              encoding: { file: { contentType: "image/*" } },
            },
          },
        },
      },
    },
    "/lies/{how}": { get: { operationId: "lie", parameters: [parameter("how", { type: "string" })] } },
  },
};
