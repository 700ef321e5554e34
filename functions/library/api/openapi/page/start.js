// Shows the document beside this page. An entered token is kept only in this page's memory.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#documentation",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  // Swagger's own validator is a service on the internet.
  validatorUrl: null,
});
