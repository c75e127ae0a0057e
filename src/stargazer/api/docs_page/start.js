"use strict";

// The page would fill every field that has an example, and so ask for one stored answer, in one language,
// and more that nobody wants at first. What may be left out stays empty; its example is told beside it.
function withEmptyFields(description) {
  for (const { parameters: shared, ...operations } of Object.values(description.paths)) {
    for (const operation of Object.values(operations)) {
      (operation.parameters || []).filter((one) => !one.required).forEach(tellExample);
      // What has to be filled in comes first.
      operation.parameters = [...(shared || []), ...(operation.parameters || [])];
    }
  }
  for (const path of Object.values(description.paths)) {
    delete path.parameters;
  }
  return description;
}

function tellExample(parameter) {
  const named = Object.values(parameter.examples || {})[0];
  const example = [parameter.example, named && named.value, ((parameter.schema || {}).examples || [])[0]]
    .find((one) => one !== undefined);
  if (example !== undefined) {
    parameter.description = `${parameter.description || ""} For example \`${example}\`.`;
  }
  delete parameter.example;
  delete parameter.examples;
  delete (parameter.schema || {}).example;
  delete (parameter.schema || {}).examples;
}

// The key that is entered once is kept by the page for every "Try it out", and gone when the page is left.
function show(description) {
  window.ui = SwaggerUIBundle({
    spec: withEmptyFields(description),
    dom_id: "#documentation",
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
  });
}

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then(show);
