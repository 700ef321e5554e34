"""Edge functions under real Deno, called through the gateway as a frontend and a schedule call them."""
