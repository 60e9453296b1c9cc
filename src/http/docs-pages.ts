import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { RequestHandler } from 'express';
import { Problem } from '../errors/index.ts';

const require = createRequire(import.meta.url);
const swaggerUi = () => dirname(require.resolve('swagger-ui-dist/package.json'));

/** What the page loads from the package; nothing else of it is served. */
const assets = new Set(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']);

// Swagger UI draws its icons from data: URLs. Everything it loads and calls is on this server.
const contentPolicy = [
  `default-src 'none'`,
  `script-src 'self'`,
  `style-src 'self'`,
  `img-src 'self' data:`,
  `connect-src 'self'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
].join('; ');

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pro-Tasker API</title>
<link rel="icon" type="image/png" href="/api/docs/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<div id="documentation"></div>
<noscript>This page needs JavaScript. The same is at <a href="/api/openapi.json">/api/openapi.json</a>.</noscript>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
`;

// `validatorUrl: null` keeps the page from sending the document to a validator on the internet.
const startScript = `SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#documentation',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  validatorUrl: null,
});
`;

/** `GET /api/docs`: Swagger UI over the served document, without anything from outside. */
export const docsPage: RequestHandler = (_req, res) => {
  res
    .setHeader('Content-Security-Policy', contentPolicy)
    .setHeader('Cache-Control', 'no-cache')
    .type('html')
    .send(page);
};

/** `GET /api/docs/:file`: the scripts and styles of that page. */
export function docsAsset(cacheControl: string): RequestHandler<{ file: string }> {
  const root = swaggerUi();
  return (req, res, next) => {
    const { file } = req.params;
    if (file !== 'start.js' && !assets.has(file)) throw new Problem('route.not_found');
    res.setHeader('Cache-Control', cacheControl);
    if (file === 'start.js') {
      res.type('js').send(startScript);
      return;
    }
    res.sendFile(file, { root, cacheControl: false }, (error?: Error) => {
      // A client that went away in the middle is no fault.
      if (error !== undefined && !res.headersSent) next(error);
    });
  };
}
