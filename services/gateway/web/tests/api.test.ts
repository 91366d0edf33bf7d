import { afterEach, describe, expect, it, vi } from "vitest";
import { bodyOf, createApi, isForbidden, Refused, refusal } from "../src/api";

const answering = (make: () => Response): ReturnType<typeof vi.fn> => {
  const fetch = vi.fn(async (_: Request) => make());
  vi.stubGlobal("fetch", fetch);
  // Node has no page whose address a relative one continues.
  vi.stubGlobal(
    "Request",
    class extends Request {
      constructor(path: string, options?: RequestInit) {
        super(`http://pulsepoint.test${path}`, options);
      }
    },
  );
  return fetch;
};

afterEach(() => vi.unstubAllGlobals());

describe("the API", () => {
  it("is asked with the token and the parameters in their places", async () => {
    const fetch = answering(() => Response.json({ alerts: [] }));
    const params = { path: { brand_id: "b1" }, query: { status: "all" as const } };
    expect(await bodyOf(createApi("t0ken").GET("/api/brands/{brand_id}/alerts", { params }))).toEqual({ alerts: [] });
    const request = fetch.mock.calls[0]?.[0] as Request;
    expect(request.url).toBe("http://pulsepoint.test/api/brands/b1/alerts?status=all");
    expect(request.headers.get("authorization")).toBe("Bearer t0ken");
  });
  it("has no body where the answer has none", async () => {
    answering(() => new Response(null, { status: 204 }));
    expect(await bodyOf(createApi("t").GET("/api/demo"))).toBeUndefined();
  });
  it("is not asked again by those who may not, and again after everything else that went wrong", () => {
    const retried = [403, 0, 429, 500, 503].filter((status) => !isForbidden(new Refused(status, "")));
    expect(retried).toEqual([0, 429, 500, 503]);
    expect(isForbidden(null)).toBe(false);
  });
  it("says a problem in its own words, and when to come back", async () => {
    const problem = { title: "Too many", detail: "Wait a little.", status: 429 };
    answering(() => Response.json(problem, { status: 429, headers: { "retry-after": "7" } }));
    const refused = await bodyOf(createApi("t").GET("/api/brands")).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refused);
    expect(refused).toMatchObject({ status: 429, message: "Wait a little.", retryAfter: 7 });
  });
  it("says that it cannot be reached", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
    const params = { path: { trace_id: "t" } };
    const api = createApi("t");
    const call = api.GET("/api/traces/{trace_id}", { params, baseUrl: "http://pulsepoint.test" });
    await expect(bodyOf(call)).rejects.toMatchObject({
      status: 0,
      message: expect.stringContaining("does not answer"),
    });
  });
  it("admits that no reason was given", async () => {
    expect(await refusal(new Response("<html>", { status: 502 }))).toMatchObject({
      status: 502,
      message: "The server did not say why.",
    });
  });
});
