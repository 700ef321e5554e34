// Shows the document beside this page. A token that is typed in stays in this page, and goes with it.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#documentation",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  // Swagger's own validator is a service on the internet.
  validatorUrl: null,
});
