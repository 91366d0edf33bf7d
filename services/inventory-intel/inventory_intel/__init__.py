"""Stock judged against what sells: velocity, days of cover, and the ad spend that sells what runs out."""
