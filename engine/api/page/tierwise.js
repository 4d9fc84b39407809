'use strict';
// Swagger UI is dark by a class; the page follows the system, also when it changes.
const dark = window.matchMedia('(prefers-color-scheme: dark)');
function follow() { document.documentElement.classList.toggle('dark-mode', dark.matches); }
dark.addEventListener('change', follow);
follow();

const said = document.getElementById('said');

async function show(secret) {
  const answer = await fetch('openapi.json', {headers: {Authorization: 'Bearer ' + secret}});
  if (!answer.ok) { said.textContent = (await answer.json()).detail; return; }
  said.textContent = '';
  SwaggerUIBundle({
    spec: await answer.json(), dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null, docExpansion: 'none',
    filter: true, defaultModelsExpandDepth: 0,
    requestInterceptor: function (request) { request.headers.Authorization = 'Bearer ' + secret; return request; },
  });
}

document.getElementById('key').addEventListener('submit', function (event) {
  event.preventDefault();
  show(document.getElementById('secret').value.trim()).catch(function () { said.textContent = 'The server did not answer.'; });
});
