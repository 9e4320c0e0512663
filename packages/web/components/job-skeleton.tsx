/** The job page's outline while the first view is on its way. */
export function JobSkeleton() {
  return (
    <div role="status" aria-label="Loading the job" className="flex flex-col gap-6">
      <div className="skeleton h-10 w-3/4 max-w-lg" />
      <div className="skeleton h-56" />
    </div>
  );
}
